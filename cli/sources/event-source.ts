import type { EventsClient } from '../../client/index.ts';
import type {
  AnyCatalog,
  EventSelection,
  EventToPublish,
  OpenPage,
  OpenPart,
  PublishResult,
  StreamGap,
  SubscriptionOptions,
} from '../../shared/index.ts';

/** A server, or Redis itself, as the commands use it: they read and publish events of any catalog. */
export interface EventsSource
  extends Pick<EventsClient<AnyCatalog>, 'stream' | 'replay' | 'history' | 'erase' | 'close'> {
  /** The events of a topic that are open, as they are now. */
  open(options: {
    topic: string;
    types: readonly string[] | undefined;
  }): Promise<OpenPage<string, AnyCatalog>>;
  /** Answers a question of any catalog. */
  answer(type: string, id: string, answer: unknown, options: { topic: string }): Promise<{ cursor: string }>;
  /** True for a log, which takes settlements of open events as such; a server takes complete events only. */
  readonly keepsSettlements: boolean;
  /** Publishes one event, also of a type that no log stores, which a batch does not take. */
  publish(
    event: EventToPublish<AnyCatalog>,
    options: { topic: string | undefined; by: string | undefined },
  ): Promise<PublishResult>;
  publishBatch(events: readonly EventToPublish<AnyCatalog>[], options: BatchOf): Promise<PublishResult[]>;
  /** The events as JSON Schema; null where it is not told. */
  schema(): Promise<unknown>;
  /** Tells of the event of a gap why it could not be read; null where it is gone. A server does not tell. */
  whyUnreadable?(gap: Gap, topic: string): Promise<Unread | null>;
}

/** Records that did not come. */
export type Gap = StreamGap['data'];

/** An event that could not be read. */
export interface Unread {
  /** Its type and version. */
  readonly event: string;
  /** The cause, and what to do. */
  readonly why: string;
}

/** A server, which also tells what it did. */
export type ServerSource = EventsSource & Pick<EventsClient<AnyCatalog>, 'stats'>;

/** The topic of a batch, and facts about each of its events that a log is told, and no server believes. */
export interface BatchOf {
  topic: string | undefined;
  /** The publisher of each event; a server names whoever is signed in. */
  by: readonly (string | undefined)[];
  /** The end of each event that is the settlement of an open one. */
  settled: readonly ({ open: OpenPart; answer?: unknown } | undefined)[];
}

/** Events of any catalog to follow. */
export type Followed = SubscriptionOptions<string, AnyCatalog>;

/** Events of one topic that are stored, and the first of them. */
export type Stored = EventSelection<string, AnyCatalog> &
  Pick<Followed, 'since'> & { openings?: boolean | undefined };
