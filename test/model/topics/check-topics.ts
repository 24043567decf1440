import { parseCursor, parseTopicsCursor } from '../../../shared/cursor.ts';
import type { Taken } from './topics-reader.ts';

/** The place of an item in its topic; of none, 0. */
export function placeOf(item: Taken | undefined): number {
  return item ? (parseTopicsCursor(item.cursor).get(item.topic ?? '')?.seq ?? 0) : 0;
}

/**
 * Every topic in order, each wanted record once, none missing without a gap in its place; and no cursor is behind the
 * one before in any topic.
 * @param matches tells if event number `n` of a topic is wanted
 * @param reduces only the latest events are wanted: what is left out is a gap
 */
export function checkTaken(taken: readonly Taken[], matches: (n: number) => boolean, reduces: boolean): void {
  const places = new Map<string, number>();
  const wanted = (from: number, to: number): number =>
    Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index + 1).filter(matches).length;
  let cursor = new Map<string, { seq: number }>();
  for (const item of taken) {
    const { topic, type, data } = item;
    const next = parseTopicsCursor(item.cursor);
    for (const [name, { seq }] of cursor)
      if ((next.get(name)?.seq ?? -1) < seq)
        throw new Error(`[D6] ${name}: back from ${seq}: ${item.cursor}`);
    cursor = next;
    if (topic === undefined) continue; // stream_synced
    const before = places.get(topic) ?? 0;
    const place = placeOf(item);
    const broken = (what: string) => new Error(`[D4] ${topic}: ${place} after ${before}: ${what}`);
    if (type === 'stream_gap') {
      const gap = data as { from: string; to: string; lost: number; reason: string };
      const [from, to] = [parseCursor(gap.from).seq, parseCursor(gap.to).seq];
      if (from < before || to !== place || to <= from || wanted(before, from) > 0)
        throw broken(`a gap out of place: ${from}–${to}`);
      const isTrimmed =
        gap.reason === 'trimmed' && (reduces ? gap.lost <= to - from : gap.lost === to - from);
      const isReduced = gap.reason === 'conflated' && reduces && gap.lost === wanted(from, to);
      if (!isTrimmed && !isReduced) throw broken(JSON.stringify(gap));
    } else {
      if (place <= before || wanted(before, place - 1) > 0) throw broken('twice, or something is missing');
      if (!matches(place)) throw broken('was not asked for');
      const said = type === 'system_status' ? statusOf(data) : Number((data as { message: string }).message);
      if (said !== (type === 'system_status' ? place % 100 : place)) throw broken(`not this record: ${said}`);
    }
    places.set(topic, place);
  }
}

function statusOf(data: unknown): number {
  return (data as { performance_metrics: { cpu_percent: number } }).performance_metrics.cpu_percent;
}
