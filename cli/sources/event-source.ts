import type { EventsClient } from '../../client/index.ts';
import type {
  AnyCatalog,
  EventSelection,
  EventToPublish,
  PublishResult,
  SubscriptionOptions,
} from '../../shared/index.ts';

/** A server, or Redis itself, as the commands use it: they read and publish events of any catalog. */
export interface EventsSource
  extends Pick<EventsClient<AnyCatalog>, 'stream' | 'replay' | 'history' | 'erase' | 'stats' | 'close'> {
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
export type Stored = EventSelection<string, AnyCatalog> & Pick<Followed, 'since'>;
