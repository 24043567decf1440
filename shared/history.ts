import type { AnyCatalog } from './catalog.ts';
import type { EventName, EventOf } from './events.ts';
import type { EventFilter } from './filter/types.ts';
import type { Since } from './since.ts';
import type { StreamGap } from './stream-items.ts';

/** Most events on one page of history. */
export const MAX_PAGE = 1000;
export const DEFAULT_PAGE = 100;

/** A page of a topic's past. With neither `since` nor `before`: the latest page. */
export interface HistoryOptions<N extends EventName<C>, C extends AnyCatalog> {
  /** Default `default`. */
  topic?: string | undefined;
  /** Events after this position, oldest page first. */
  since?: Since | undefined;
  /** Events before the one at this cursor, latest page first. Not together with `since`. */
  before?: string | undefined;
  /** Default: all of the catalog's. */
  types?: readonly N[] | undefined;
  /** Conditions on the data that all events must meet [D8]. */
  filter?: EventFilter<N, C> | undefined;
  /** Events on the page, 1–1000; fewer when they are large, with 1 MiB of JSON a page ends. Default 100. */
  limit?: number | undefined;
}

/**
 * A page of a topic's past, oldest event first. A server reads so much of a log for one page: it may have fewer events
 * than asked for, or none, and yet not be the end. `next` and `previous` go on from there.
 */
export interface HistoryPage<N extends EventName<C>, C extends AnyCatalog> {
  items: { cursor: string; event: EventOf<N, C> }[];
  /** Records that were lost at the start of the page or within it. */
  gaps: StreamGap['data'][];
  /** Pass as `since` for the page after this one, or to a subscription to go on live from here. */
  next: string;
  /** Pass as `before` for the page before this one; null at the beginning of what is retained. */
  previous: string | null;
  /** True if nothing more was in the log after this page. */
  atEnd: boolean;
}
