import type { AnyCatalog } from './catalog.ts';
import type { EventName, EventOf, OpenName } from './events.ts';
import type { StreamUpdate } from './open/open-part.ts';

/** All reasons of gaps, in the order in which schemas list them. */
export const GAP_REASONS = [
  'trimmed',
  'epoch_changed',
  'conflated',
  'dropped',
  'unknown_version',
  'erased',
] as const;

/** Why a stream could not deliver a range [D4]; `erased` is no loss: somebody took the events back [V7]. */
export type GapReason = (typeof GAP_REASONS)[number];

/** The stream has caught up; live from here [D5]. */
export interface StreamSynced {
  event_type: 'stream_synced';
  /** Never: it is of all topics together. */
  topic?: never;
  timestamp: string;
  data: {
    /** True if everything since the position asked for was delivered. */
    recovered: boolean;
    cursor: string;
  };
}

/** An item's further field in a subscription to several topics. */
export interface OfTopic {
  /** The topic it is of. */
  topic?: string;
}

/** Records that will not come, announced in their place [D4]. */
export interface StreamGap extends OfTopic {
  event_type: 'stream_gap';
  timestamp: string;
  data: {
    /** The last position before the gap. */
    from: string;
    /** The last position inside it: delivery goes on right after. */
    to: string;
    /** Number of the topic's records, of any type, or null where it cannot be known. */
    lost: number | null;
    reason: GapReason;
    /**
     * With reason `erased`, where the range holds other records too: the numbers of the erased ones, each part with the
     * number before its first record and that of its last. Left out: all of the range.
     */
    runs?: readonly (readonly [after: number, last: number])[];
    /**
     * With reason `erased`: ids of open events that were erased, opening and settlement. They are open no more, and whoever
     * has one of them, as it was told at any place, should let go of it.
     */
    open?: readonly string[];
  };
}

/** An item that a stream sends about itself. */
export type StreamNotice = StreamSynced | StreamGap;

/** Changes of open events, in a subscription to events of which some can be open. */
export type UpdateOf<N extends EventName<C>, C extends AnyCatalog> = [N & OpenName<C>] extends [never]
  ? never
  : StreamUpdate;

/** Everything a subscription to events `N` yields. */
export type StreamItem<N extends EventName<C>, C extends AnyCatalog> =
  | (EventOf<N, C> & OfTopic)
  | StreamNotice
  | UpdateOf<N, C>;

/** Tells if an item is the stream's own and not an event. */
export function isStreamNotice(item: { event_type: string }): item is StreamNotice {
  return item.event_type === 'stream_synced' || item.event_type === 'stream_gap';
}

/** Tells if an item is a change of an open event. */
export function isStreamUpdate(item: { event_type: string }): item is StreamUpdate {
  return item.event_type === 'stream_update';
}

/** Most events on one page of history. */
export const MAX_PAGE = 1000;
export const DEFAULT_PAGE = 100;

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
  /**
   * True if the log goes on with an event of a newer version than the server knows: the page ends before it, for now. Ask
   * another server, or later. Absent otherwise.
   */
  held?: true;
}
