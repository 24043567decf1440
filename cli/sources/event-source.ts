import type { EventsClient } from '../../client/index.ts';
import type {
  AnyCatalog,
  EventSelection,
  EventToPublish,
  OpenPage,
  PublishResult,
  SubscriptionOptions,
} from '../../shared/index.ts';

/** A server, or Redis itself, as the commands use it: they read and publish events of any catalog. */
export interface EventsSource
  extends Pick<EventsClient<AnyCatalog>, 'stream' | 'replay' | 'history' | 'erase' | 'stats' | 'close'> {
  /** What is open in a topic, as it is now. */
  open(options: {
    topic: string;
    types: readonly string[] | undefined;
  }): Promise<OpenPage<string, AnyCatalog>>;
  /** Answers a question of any catalog. */
  answer(type: string, id: string, answer: unknown, options: { topic: string }): Promise<{ cursor: string }>;
  /** @param options.by who published each event, for a log; a server names whoever is signed in, whatever is said here */
  publishBatch(
    events: readonly EventToPublish<AnyCatalog>[],
    options: { topic: string | undefined; by: readonly (string | undefined)[] },
  ): Promise<PublishResult[]>;
  /** The events as JSON Schema; null where it is not told. */
  schema(): Promise<unknown>;
}

/** Events of any catalog to follow. */
export type Followed = SubscriptionOptions<string, AnyCatalog>;

/** Events of one topic that are stored, and the first of them. */
export type Stored = EventSelection<string, AnyCatalog> &
  Pick<Followed, 'since'> & { openings?: boolean | undefined };
