import type { AnyCatalog } from './catalog.ts';
import type { EventName } from './events.ts';
import type { EventFilter } from './filter/types.ts';
import type { Since } from './since.ts';

/** Most times faster, or slower, than it was. */
export const MAX_SPEED = 1_000_000;

/** A part of a topic's past that is to happen again, and its speed. */
export interface ReplayOptions<N extends EventName<C>, C extends AnyCatalog> {
  /** Default `default`. */
  topic?: string | undefined;
  /** After a cursor, the last n that match, or from a time on. Default: from the oldest event that is held. */
  since?: Since | undefined;
  /** Up to and including the event at a cursor, or those appended before a time. Default: what there is when it begins. */
  until?: string | { at: string } | undefined;
  /** A factor: 2 takes half the time that it took, 0.5 twice as long. Up to 1 000 000. Default 1. */
  speed?: number | undefined;
  /** The longest wait between two events, in ms. Default: as long as it was. */
  maxPauseMs?: number | undefined;
  /** Default: all of the catalog's. */
  types?: readonly N[] | undefined;
  /** Conditions on the data that all events must meet [D8]. */
  filter?: EventFilter<N, C> | undefined;
}
