import type { Position } from '../../shared/cursor.ts';
import type { Gap } from '../broker/broker.ts';
import { gapRecord, isNoticeType, type StreamRecord } from './stream-record.ts';

/** A range of records reduced to the latest of each type; what is left out is announced in its place [D4] [D9]. */
export class Conflation {
  #from: Position;
  #end: Position;
  #before: StreamRecord[] = [];
  /** `seq` of every record that was wanted. */
  #wanted: number[] = [];
  readonly #latest = new Map<string, StreamRecord>();

  constructor(from: Position) {
    this.#from = from;
    this.#end = from;
  }

  add(record: StreamRecord, wanted: boolean): void {
    this.#end = record;
    if (!wanted) return;
    this.#wanted.push(record.seq);
    if (!isNoticeType(record.type)) this.#latest.set(record.type, record);
  }

  /** A gap in the range itself: what came before it is lost with it. */
  gap(gap: Gap): void {
    this.#before = [
      gapRecord({
        ...gap,
        from: this.#from,
        lost: gap.lost === null ? null : gap.lost + this.#wanted.length,
      }),
    ];
    this.#from = gap.to;
    this.#end = gap.to;
    this.#wanted = [];
    this.#latest.clear();
  }

  /** What is left of the range, in order. */
  records(): StreamRecord[] {
    const records = [...this.#before];
    const kept = [...this.#latest.values()].sort((a, b) => a.seq - b.seq);
    let from = this.#from;
    let next = 0;
    const skipTo = (to: Position): void => {
      const start = next;
      while ((this.#wanted[next] ?? Number.POSITIVE_INFINITY) <= to.seq) next++;
      if (next > start) records.push(gapRecord({ from, to, lost: next - start, reason: 'conflated' }));
    };
    for (const record of kept) {
      skipTo({ epoch: record.epoch, seq: record.seq - 1 });
      records.push(record);
      next++;
      from = record;
    }
    skipTo(this.#end);
    return records;
  }
}
