import type { EventsClient } from '../client/index.ts';
import type { AnyCatalog, EventSelection, SubscriptionOptions } from '../shared/index.ts';

/** Access of the commands to a server, or to Redis itself: events of any catalog. */
export interface EventAccess
  extends Pick<
    EventsClient<AnyCatalog>,
    'publishBatch' | 'stream' | 'replay' | 'history' | 'stats' | 'close'
  > {
  /** The events as JSON Schema; null where it is not told. */
  schema(): Promise<unknown>;
}

/** Events of any catalog to follow. */
export type Followed = SubscriptionOptions<string, AnyCatalog>;

/** Events of one topic that are stored, and the first of them. */
export type Stored = EventSelection<string, AnyCatalog> & Pick<Followed, 'since'>;
