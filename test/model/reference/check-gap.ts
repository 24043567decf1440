import { type Position, parseCursor } from '../../../shared/cursor.ts';
import type { StreamGap } from '../../../shared/index.ts';
import type { ReferenceLog } from './reference-log.ts';

/** A gap that tells of a loss. @throws Error that `broken` makes */
export function checkGap(
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
  const unreadable = reference.reasonAgainst(reference.at(to) ?? 0);
  if (reason === unreadable) {
    if (lost !== 1 || to.seq !== from.seq + 1) throw broken('is not of one event');
    if (reference.wanted(matches, to.epoch, from.seq, to.seq).length === 0)
      throw broken('is of a type that nobody asked for');
    return;
  }
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

/** Each record of the gap was erased. @throws Error that `broken` makes */
export function checkErased(
  gap: StreamGap['data'],
  reference: ReferenceLog,
  broken: (what: string) => Error,
): void {
  const cursors = cursorsOf(gap);
  if (gap.lost !== cursors.length || gap.lost === 0) throw broken('a wrong number');
  const held = cursors.find((cursor) => !reference.isErased(parseCursor(cursor)));
  if (held !== undefined) throw broken(`${held} was not erased`);
}

/** The cursors that a gap `erased` is of. */
export function cursorsOf({ from, to, runs }: StreamGap['data']): string[] {
  const { epoch, seq } = parseCursor(from);
  return (runs ?? [[seq, parseCursor(to).seq]]).flatMap(([after, last]) =>
    Array.from({ length: last - after }, (_, index) => `${epoch}:${after + 1 + index}`),
  );
}
