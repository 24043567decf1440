import type { Position } from '../../shared/cursor.ts';
import type { Bounds, Gap } from './broker.ts';

// The meaning of a position in a log, decided here for all readers: subscriptions, history, replays and exports.

/**
 * The gap between a position and the records a log can still give [D4]; null if there is none.
 * After a gap, reading goes on at `gap.to`.
 */
export function gapAfter(after: Position, bounds: Bounds): Gap | null {
  const { epoch, first, last } = bounds;
  if (after.epoch !== epoch) {
    return { from: after, to: { epoch, seq: first - 1 }, lost: null, reason: 'epoch_changed' };
  }
  // A position ahead of its own log: the log was rewound, or the cursor is forged. Nothing older may be repeated.
  if (after.seq > last) return { from: after, to: { epoch, seq: last }, lost: null, reason: 'epoch_changed' };
  if (after.seq < first - 1) {
    return { from: after, to: { epoch, seq: first - 1 }, lost: first - 1 - after.seq, reason: 'trimmed' };
  }
  return null;
}

/** The position before everything that a log holds. */
export function oldestPosition({ epoch, first }: Bounds): Position {
  return { epoch, seq: first - 1 };
}

/** The position after everything that a log holds. */
export function newestPosition({ epoch, last }: Bounds): Position {
  return { epoch, seq: last };
}

/**
 * The position right before the record that a cursor names: where a page that ends there ends. Before the first record,
 * and before a cursor of another epoch, nothing is held; what is beyond the end counts as the end.
 */
export function positionBefore(cursor: Position, bounds: Bounds): Position {
  const { epoch, last } = bounds;
  if (cursor.epoch !== epoch) return oldestPosition(bounds);
  return { epoch, seq: Math.max(0, Math.min(cursor.seq - 1, last)) };
}

/**
 * The gap that reading from a time begins with: where the oldest record held is newer, some that were trimmed may
 * have been meant.
 */
export function gapBeforeTime(found: Position, bounds: Bounds): Gap | null {
  const { epoch, first } = bounds;
  if (first <= 1 || found.epoch !== epoch || found.seq >= first) return null;
  return { from: { epoch, seq: 0 }, to: found, lost: null, reason: 'trimmed' };
}

/** The cursor that names what comes before a position, see {@link positionBefore}; null where nothing is held before it. */
export function cursorBefore(position: Position, { epoch, first, last }: Bounds): Position | null {
  if (position.epoch !== epoch || position.seq < first) return null;
  return { epoch, seq: Math.min(position.seq, last) + 1 };
}

/** Tells if a position is at or beyond an end. Of another epoch none is: what lies between is a gap, and told first. */
export function hasReached(position: Position, end: Position): boolean {
  return position.epoch === end.epoch && position.seq >= end.seq;
}

/** The part of a gap that ends at a place within it. */
export function gapUpTo(gap: Gap, seq: number): Gap {
  if (gap.to.seq <= seq) return gap;
  const lost = gap.lost === null ? null : gap.lost - (gap.to.seq - seq);
  return { ...gap, to: { ...gap.to, seq }, lost };
}
