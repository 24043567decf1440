import type { AnyCatalog } from '../../shared/catalog.ts';
import type { EventName, EventOf } from '../../shared/events.ts';
import type { OfTopic, StreamGap } from '../../shared/stream-items.ts';
import type { StreamStatus } from '../reading/subscription.ts';

/**
 * An event with its place in the topic, a position to go to. What is no record has the place of the last one: the key of a
 * row is `event.open?.id ?? event.cursor`. It is one object for all who show it, and
 * frozen, but for what cannot be: Dates, Maps and Sets.
 */
export type PlacedEvent<N extends EventName<C>, C extends AnyCatalog> = EventOf<N, C> & {
  readonly cursor: string;
} & Readonly<OfTopic>;

/** A range that could not be delivered. */
export type Gap = StreamGap['data'] & Readonly<OfTopic>;

/** The state of a stream; a new object with each change, whose parts are new only where they changed. */
export interface EventsSnapshot<N extends EventName<C>, C extends AnyCatalog> {
  /** Oldest first. An open event is one of them, in its first place, as it is now or as it was settled. */
  readonly events: readonly PlacedEvent<N, C>[];
  /** Events that are open now, oldest first. */
  readonly open: readonly PlacedEvent<N, C>[];
  /** Members of each presence that has so many that they are not told one by one: type → number. None, of several topics. */
  readonly counts: Readonly<Record<string, number>>;
  readonly status: StreamStatus;
  /** The last range that could not be delivered, or null. */
  readonly gap: Gap | null;
  /** All such ranges lately, oldest first; `to` is the cursor right before the event that follows. */
  readonly gaps: readonly Gap[];
  /** Events that arrived and left the buffer again, since it is bounded. */
  readonly dropped: number;
  /** Events that `loadOlder` brought: kept on top of the limit. */
  readonly older: number;
  /** Events that the last catch-up brought. */
  readonly caughtUp: number;
  /** Why the stream ended or waits, or null. */
  readonly error: Error | null;
}

/** Members of a topic. */
export interface PresenceSnapshot<N extends EventName<C>, C extends AnyCatalog> {
  /** Members that are there, the longest first; where there are too many to be told one by one, few of them or none. */
  readonly members: readonly PlacedEvent<N, C>[];
  /** Their number. */
  readonly count: number;
  /** Why what is shown may be out of date, or null. */
  readonly error: Error | null;
}

export const INITIAL_SNAPSHOT: EventsSnapshot<never, AnyCatalog> = Object.freeze({
  events: Object.freeze([]),
  open: Object.freeze([]),
  counts: Object.freeze({}),
  status: 'connecting',
  gap: null,
  gaps: Object.freeze([]),
  dropped: 0,
  older: 0,
  caughtUp: 0,
  error: null,
});
