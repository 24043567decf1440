import type { Position } from '../../shared/cursor.ts';
import type { Bounds, Gap } from './broker.ts';

/**
 * What lies between a position and the records a log can still give: nothing (null), or one gap [D4].
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
