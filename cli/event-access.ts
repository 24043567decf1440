import type { EventsClient } from '../client/index.ts';
import type { AnyCatalog } from '../shared/index.ts';

/** Access of the commands to a server, or to Redis itself: events of any catalog. */
export interface EventAccess
  extends Pick<
    EventsClient<AnyCatalog>,
    'publishBatch' | 'stream' | 'replay' | 'history' | 'stats' | 'close'
  > {
  /** The events as JSON Schema; null where it is not told. */
  schema(): Promise<unknown>;
}

/** A choice of events, their topics and the start. */
export type Followed = Pick<
  NonNullable<Parameters<EventAccess['stream']>[0]>,
  'topic' | 'topics' | 'types' | 'since' | 'every' | 'latestBy'
>;
export type Selection = Pick<Followed, 'topic' | 'types' | 'since'>;
