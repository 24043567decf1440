import type { Position } from '../../shared/cursor.ts';
import type { Bounds, Gap, LogRecord, ReadResult } from './broker.ts';
import { typesAfter } from './retention/cuts.ts';

// Rules of positions in a log, for all readers: subscriptions, history, replays and exports.

/**
 * The gap between a position and the oldest record that follows it in the log [D4]; null if nothing is missing. Reading
 * goes on after `gap.to`.
 */
export function gapAfter(after: Position, bounds: Bounds): Gap | null {
  const { epoch, first, last } = bounds;
  if (after.epoch !== epoch) {
    return { from: after, to: { epoch, seq: first - 1 }, lost: null, reason: 'epoch_changed' };
  }
  // A position ahead of its own log: the log was rewound, or the cursor is forged. No older record may be repeated.
  if (after.seq > last) return { from: after, to: { epoch, seq: last }, lost: null, reason: 'epoch_changed' };
  return after.seq < first - 1 ? trimmedGap(after, first - 1, bounds) : null;
}

/** The gap of records that retention has taken out after a position up to number `to`. */
export function trimmedGap({ epoch, seq }: Position, to: number, { cuts }: Bounds): Gap {
  const gap: Gap = { from: { epoch, seq }, to: { epoch, seq: to }, lost: to - seq, reason: 'trimmed' };
  return cuts ? { ...gap, types: typesAfter(seq, cuts) } : gap;
}

/**
 * A page of records that limits of types may have made holes between.
 * @param records the oldest that are held after the position, one at least if there is any
 */
export function pageOf(after: Position, bounds: Bounds, records: readonly LogRecord[]): ReadResult {
  const gap = gapAfter(after, bounds);
  const { epoch, last, cuts } = bounds;
  const { seq } = gap?.to ?? after;
  const newest = records.at(-1)?.seq ?? last;
  if (!cuts || newest === seq + records.length) return { gap, records, bounds };
  const next = records[0]?.seq ?? last + 1;
  const start = next > seq + 1 ? trimmedGap({ epoch, seq }, next - 1, bounds) : gap;
  const gaps = gapsBetween(records, bounds);
  return { gap: start, records, bounds, ...(gaps.length > 0 && { gaps }) };
}

/** The gaps between records that are not contiguous. */
export function gapsBetween(records: readonly LogRecord[], bounds: Bounds): Gap[] {
  const gaps: Gap[] = [];
  let before: LogRecord | undefined;
  for (const record of records) {
    if (before && record.seq > before.seq + 1) gaps.push(trimmedGap(before, record.seq - 1, bounds));
    before = record;
  }
  return gaps;
}

/** The position right before the oldest record held. */
export function oldestPosition({ epoch, first }: Bounds): Position {
  return { epoch, seq: first - 1 };
}

/** The position of the newest record. */
export function newestPosition({ epoch, last }: Bounds): Position {
  return { epoch, seq: last };
}

/**
 * The position right before the record that a cursor names. A page of history that ends before the cursor ends here. For a
 * cursor of another epoch it is the position before the oldest record; a cursor beyond the end counts as the end.
 */
export function positionBefore(cursor: Position, bounds: Bounds): Position {
  const { epoch, last } = bounds;
  if (cursor.epoch !== epoch) return oldestPosition(bounds);
  return { epoch, seq: Math.max(0, Math.min(cursor.seq - 1, last)) };
}

/**
 * The gap at the beginning of a read from a time; null if there is none. If the oldest record held is newer than the time,
 * records between them may have been trimmed.
 * @param found the position that Broker.seek found for the time
 */
export function gapBeforeTime(found: Position, bounds: Bounds): Gap | null {
  const { epoch, first } = bounds;
  if (first <= 1 || found.epoch !== epoch || found.seq >= first) return null;
  return { ...trimmedGap({ epoch, seq: 0 }, found.seq, bounds), lost: null };
}

/** The cursor whose {@link positionBefore} is the given position; null if no record at or before the position is held. */
export function cursorBefore(position: Position, { epoch, first, last }: Bounds): Position | null {
  if (position.epoch !== epoch || position.seq < first) return null;
  return { epoch, seq: Math.min(position.seq, last) + 1 };
}

/** Tells if a position is at or beyond an end. A position of another epoch never is: the gap between them is told first. */
export function hasReached(position: Position, end: Position): boolean {
  return position.epoch === end.epoch && position.seq >= end.seq;
}

/** The part of a gap up to and including number `seq`. */
export function gapUpTo(gap: Gap, seq: number): Gap {
  if (gap.to.seq <= seq) return gap;
  const lost = gap.lost === null ? null : gap.lost - (gap.to.seq - seq);
  return { ...gap, to: { ...gap.to, seq }, lost };
}
