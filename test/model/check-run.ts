import { type Position, parseCursor } from '../../shared/cursor.ts';
import type { StreamGap, StreamSynced } from '../../shared/index.ts';
import type { ReferenceLog } from './reference.ts';

/** An item as a subscriber got it. */
export interface Received {
  readonly cursor: string;
  readonly type: string;
  readonly json: string;
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
      checkGap(gap, conflate, start, matches, reference, (what) => broken('D4', what));
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
      if (!matches(n)) throw broken('D8', `event ${n} was not asked for`);
      if (numberIn(item) !== n % (item.type === 'system_status' ? 100 : Infinity))
        throw broken('D4', `should be event ${n}`);
    }
    if (isNotice) for (const cursor of cursorsOf(gap)) told.add(cursor);
    position = to;
    epochs.add(at.epoch).add(to.epoch);
  }
  return { position, synced, epochs: [...epochs] };
}

function checkGap(
  { from: fromCursor, to: toCursor, lost, reason }: StreamGap['data'],
  conflate: boolean,
  start: Position | null,
  matches: (n: number) => boolean,
  reference: ReferenceLog,
  broken: (what: string) => Error,
): void {
  const [from, to] = [parseCursor(fromCursor), parseCursor(toCursor)];
  const isHeld = (since: number) => reference.held(() => true, to.epoch, since, to.seq).length > 0;
  if (reason === 'epoch_changed') {
    const wasAhead = start?.epoch === from.epoch && start.seq === from.seq;
    if (lost !== null) throw broken('a loss that cannot be known has a number');
    if (to.epoch === from.epoch && !(wasAhead && to.seq < from.seq)) throw broken('the epoch did not change');
    if (to.epoch !== from.epoch && isHeld(0)) throw broken('passes over records that the new log has');
    return;
  }
  if (to.epoch !== from.epoch || to.seq <= from.seq) throw broken('not a range');
  if (reason === 'trimmed') {
    if (isHeld(from.seq) || to.seq > reference.last(to.epoch))
      throw broken('claims trimmed what the log holds');
    if (!reference.mayMiss(matches, from.epoch, from.seq)) throw broken('is of types that nobody asked for');
    if (conflate ? (lost ?? 0) > to.seq - from.seq : lost !== to.seq - from.seq) throw broken('a wrong loss');
  } else if (reason === 'conflated' && conflate) {
    const [least, most] = lossBetween(from, to, matches, reference);
    if (lost === null || lost < least || lost > most)
      throw broken(`a wrong loss: ${least} to ${most} were wanted`);
  } else throw broken('no reason for it');
}

/** The least and the most that may count as lost where a subscriber that conflates got no record. */
function lossBetween(
  { epoch, seq }: Position,
  to: Position,
  matches: (n: number) => boolean,
  reference: ReferenceLog,
): [number, number] {
  // Of one that a limit of its type had taken out nothing is known.
  if (reference.kept.statuses !== undefined)
    return [reference.held(matches, epoch, seq, to.seq).length, to.seq - seq];
  const wanted = reference.wanted(matches, epoch, seq, to.seq);
  // Of an erased event nothing is known but its type: it is wanted by all who want that.
  const any = reference.wanted(() => true, epoch, seq, to.seq);
  const erased = any.filter((each) => reference.isErased({ epoch, seq: each.seq }));
  const more = erased.filter((each) => !wanted.some((other) => other.seq === each.seq)).length;
  return [wanted.length, wanted.length + more];
}

/** Each record of the gap was erased. */
function checkErased(gap: StreamGap['data'], reference: ReferenceLog, broken: (what: string) => Error): void {
  const cursors = cursorsOf(gap);
  if (gap.lost !== cursors.length || gap.lost === 0) throw broken('a wrong number');
  const held = cursors.find((cursor) => !reference.isErased(parseCursor(cursor)));
  if (held !== undefined) throw broken(`${held} was not erased`);
}

/** The cursors that a gap `erased` is of. */
function cursorsOf({ from, to, runs }: StreamGap['data']): string[] {
  const { epoch, seq } = parseCursor(from);
  return (runs ?? [[seq, parseCursor(to).seq]]).flatMap(([after, last]) =>
    Array.from({ length: last - after }, (_, index) => `${epoch}:${after + 1 + index}`),
  );
}

/** The start of a subscription that named none. */
function beginning(item: Received, { epoch, seq }: Position): Position {
  const gap = item.type === 'stream_gap' ? (JSON.parse(item.json) as StreamGap).data : null;
  if (gap && gap.to === item.cursor) return parseCursor(gap.from);
  return { epoch, seq: item.type === 'stream_synced' ? seq : seq - 1 };
}

function numberIn({ type, json }: Received): number {
  const { data } = JSON.parse(json);
  return type === 'system_status' ? data.performance_metrics.cpu_percent : Number(data.message);
}
