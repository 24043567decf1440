import type { Position } from '../../shared/cursor.ts';
import type { LogEntry, PublishResult, PublishTarget } from '../../shared/log.ts';
import type { GapReason } from '../../shared/stream-items.ts';

/**
 * Keeps topics' logs, and brings their records to every process. These comments are the contract;
 * `test/broker/contract.ts` runs it against every implementation.
 *
 * A record keeps its entry's `validatedBy` where the broker knows it to be the same text: the catalog validates every
 * other record again before it is delivered.
 *
 * All methods reject with EventsError UNAVAILABLE when the log cannot be reached (within a bounded time: no
 * promise of a broker hangs), and CLOSED after `close()`.
 */
export interface Broker extends PublishTarget {
  /**
   * Appends all entries to the topic, in order, contiguously numbered, or none of them [D1] [D2].
   * An entry whose `id` was appended to the topic within the last 5 minutes stores nothing and answers the first
   * record's cursor with `duplicate: true` [D3]; so does the second of two equal ids in one call.
   */
  publish(topic: string, entries: readonly LogEntry[]): Promise<PublishResult[]>;

  /**
   * Up to `limit` records right after a position, oldest first, and none after those that come to READ_CHARS. What
   * cannot be read any more is told by `gap`: records then begin right after `gap.to`. A hole further on ends the page,
   * and the read after it begins with that gap: a page without a record and a gap is the end, a short one need not be.
   * Records and bounds are of one moment.
   */
  read(topic: string, after: Position, limit: number): Promise<ReadResult>;

  /** The bounds of the log now. A topic never written to has an epoch too. */
  bounds(topic: string): Promise<Bounds>;

  /** The position right before the first record appended at or after a time (Unix ms); the log's end if there is none. */
  seek(topic: string, at: number): Promise<Position>;

  /**
   * Follows a topic from its end. Resolves once attached; while the log cannot be reached it keeps trying, and so
   * does an attached tail: it never fails, it falls behind and catches up.
   * Only `close()` ends it.
   */
  tail(topic: string, sink: TailSink): Promise<Tail>;

  /**
   * Follows which topics there are. Resolves once `sink` was told all of those whose logs hold a record; from then on
   * it is told of each that gets one, within seconds at the latest. It may be told of a topic more than once, of one
   * that holds nothing yet or no more, never of the end of one. While the log cannot be reached it keeps trying.
   */
  topics(sink: (names: readonly string[]) => void): Promise<Tail>;

  /** Closes connections; tails end without a further call. Idempotent. */
  close(): Promise<void>;
}

/** Characters of JSON with which a page ends, so that a reader's share of memory is bounded whatever the events' size. */
export const READ_CHARS = 256 * 1024;

/** A record: an entry with its place. */
export interface LogRecord extends LogEntry, Position {
  /** `<epoch>:<seq>`. */
  readonly cursor: string;
  /** When it was appended, Unix ms by the log's own clock; never decreases within a topic. */
  readonly at: number;
}

/** The retained range of a topic. Empty when `first > last`. */
export interface Bounds {
  readonly epoch: string;
  /** `seq` of the oldest record still held; `last + 1` when none is. */
  readonly first: number;
  /** `seq` of the newest record ever appended in this epoch; 0 before the first. */
  readonly last: number;
}

/** A range that cannot be delivered [D4]: after `from`, up to and including `to`. */
export interface Gap {
  readonly from: Position;
  readonly to: Position;
  /** Null where it cannot be known. */
  readonly lost: number | null;
  readonly reason: GapReason;
}

/** Result of {@link Broker.read}. */
export interface ReadResult {
  readonly gap: Gap | null;
  readonly records: readonly LogRecord[];
  readonly bounds: Bounds;
}

/** Receiver of a tail, called never concurrently and always in log order. It must not throw. */
export interface TailSink {
  /** Once, before any other call: every record after this position follows. */
  start(position: Position): void;
  /** Records contiguous with everything before. */
  records(records: readonly LogRecord[]): void;
  /** A range that cannot be delivered; records go on right after `gap.to`. */
  gap(gap: Gap): void;
}

/** A topic that is followed. */
export interface Tail {
  /** No call reaches the sink after this returns. */
  close(): void;
}

/** Time for which an idempotency key is remembered [D3]. */
export const IDEMPOTENCY_MS = 5 * 60 * 1000;
