import { type Position, parseCursor } from '../../../shared/cursor.ts';
import type { StreamGap, StreamSynced } from '../../../shared/index.ts';
import type { GapReason } from '../../../shared/stream-items.ts';
import { isEvent as isEventOf } from '../events/wanted.ts';
import { checkErased, checkGap, cursorsOf } from './check-gap.ts';
import type { ReferenceLog } from './reference-log.ts';

/** An item as a subscriber got it. */
export interface Received {
  readonly cursor: string;
  readonly type: string;
  readonly json: string;
  /** Annotations; absent: it is plain JSON, as the newest version of each event is. */
  readonly meta?: string;
}

/** One subscription, from its start to its end. */
export interface Run {
  /** Null: wherever the first item says (live only). */
  readonly start: Position | null;
  readonly matches: (n: number) => boolean;
  readonly conflate: boolean;
  readonly items: Received[];
}

/** The state of a subscription at the end. */
export interface Progress {
  readonly position: Position | null;
  readonly synced: boolean;
  /** Epochs gone through, in their order. */
  readonly epochs: readonly string[];
}

/** Rules of gaps in the places of events that cannot be read. */
const RULES: { readonly [reason in GapReason]?: string } = { dropped: 'V3', unknown_version: 'V4' };

/** Holds what a subscription yielded against the reference. @throws Error naming the broken rule and the item */
export function checkRun({ start, matches, conflate, items }: Run, reference: ReferenceLog): Progress {
  let position = start;
  let synced = false;
  let gaps = 0;
  const told = new Set<string>();
  const epochs = new Set<string>();
  for (const [index, item] of items.entries()) {
    const broken = (rule: string, what: string): Error =>
      new Error(`[${rule}] item ${index} (${item.cursor} ${item.json}): ${what}`);
    const to = parseCursor(item.cursor);
    const at = position ?? beginning(item, to);
    const gap = item.type === 'stream_gap' ? (JSON.parse(item.json) as StreamGap).data : null;
    // What was erased is told in its place, and in that of the notice to those who may have had it.
    const isNotice = gap?.reason === 'erased' && gap.to !== item.cursor;
    const reached = gap && !isNotice ? parseCursor(gap.from) : { ...to };
    const place = `after ${at.epoch}:${at.seq}`;
    if (reached.epoch !== at.epoch) throw broken('D4', `a change of epoch ${place} that no gap announces`);
    if (reached.seq < at.seq) throw broken('D4', `back ${place}`);
    const isEvent = isNotice || (gap === null && item.type !== 'stream_synced');
    if (isEvent && reached.seq === at.seq) throw broken('D4', `again ${place}`);
    const missed = reference.wanted(matches, at.epoch, at.seq, isEvent ? reached.seq - 1 : reached.seq)[0];
    if (missed)
      throw broken('D4', `${place}, seq ${missed.seq} (event ${missed.n}) is missing without a gap`);
    if (gap?.reason === 'erased') {
      if (isNotice && (reference.at(to) ?? 0) >= 0) throw broken('V7', 'a notice that the log does not hold');
      checkErased(gap, reference, (what) => broken('V7', what));
    } else if (gap) {
      gaps++;
      if (gap.to !== item.cursor) throw broken('D6', 'the cursor of a gap is not its end');
      checkGap(gap, conflate, start, matches, reference, (what) => broken(RULES[gap.reason] ?? 'D4', what));
      if (to.epoch !== at.epoch && epochs.has(to.epoch)) throw broken('D1', 'back to an epoch that was left');
    } else if (item.type === 'stream_synced') {
      const { recovered, cursor } = (JSON.parse(item.json) as StreamSynced).data;
      if (synced) throw broken('D5', 'a second stream_synced');
      if (cursor !== item.cursor) throw broken('D6', 'another cursor in its data');
      if (recovered !== (gaps === 0)) throw broken('D5', `recovered, after ${gaps} gaps`);
      synced = true;
    } else {
      const n = reference.at(to);
      if (n === undefined) throw broken('D4', 'was never stored');
      if (told.has(item.cursor)) throw broken('V7', 'an event that it was told is erased');
      const unreadable = reference.reasonAgainst(n);
      if (unreadable !== undefined) throw broken('V3', `event ${n} cannot be read: ${unreadable}`);
      if (!matches(n)) throw broken('D8', `event ${n} was not asked for`);
      if (item.meta !== undefined || !isEventOf(n, JSON.parse(item.json)))
        throw broken('V2', `should be event ${n} in its newest version`);
    }
    if (isNotice) for (const cursor of cursorsOf(gap)) told.add(cursor);
    position = to;
    epochs.add(at.epoch).add(to.epoch);
  }
  return { position, synced, epochs: [...epochs] };
}

/** The start of a subscription that named none. */
function beginning(item: Received, { epoch, seq }: Position): Position {
  const gap = item.type === 'stream_gap' ? (JSON.parse(item.json) as StreamGap).data : null;
  if (gap && gap.to === item.cursor) return parseCursor(gap.from);
  return { epoch, seq: item.type === 'stream_synced' ? seq : seq - 1 };
}
