import type { Position } from '../../../shared/cursor.ts';
import { type Gap, READ_CHARS } from '../../broker/broker.ts';
import { erases } from './erasure.ts';
import { charsOf, gapRecord, isNoticeType, numberBefore, type StreamRecord } from './stream-record.ts';

/** Items that wait at most. */
const MAX_HELD = 1000;

/** Tells if so much waits that it should be handed out: 1000 items, or what a log answers at once. */
export function isMuch(items: number, chars: number): boolean {
  return items >= MAX_HELD || chars >= READ_CHARS;
}

/** Conflation key. Only the last record of each key is kept. */
export type KeyOf = (record: StreamRecord) => string;

/** A range of records reduced to the latest of each key; what is left out is announced in its place [D4] [D9]. */
export class Conflation {
  readonly #keyOf: KeyOf;
  #from: Position;
  #end: Position;
  /** Gaps in the range itself, each right after the one before. */
  readonly #before: StreamRecord[] = [];
  /** Records that were wanted, and for each key the last of them with its number among all, in log order. */
  #wanted = 0;
  readonly #latest = new Map<string | symbol, { record: StreamRecord; number: number }>();
  /** Characters of JSON and annotations of the latest records. */
  #chars = 0;

  constructor(from: Position, keyOf: KeyOf) {
    this.#from = from;
    this.#end = from;
    this.#keyOf = keyOf;
  }

  /** The place of the last record of the range. */
  get end(): Position {
    return this.#end;
  }

  /** Characters of the records that are left of it. */
  get chars(): number {
    return this.#chars;
  }

  /** Number of the records that are left of it. */
  get count(): number {
    return this.#latest.size + this.#before.length;
  }

  /** Tells if so much is left of it that it should be handed out. */
  get isLarge(): boolean {
    return isMuch(this.count, this.#chars);
  }

  /** Tells if nothing in it was wanted. */
  get isEmpty(): boolean {
    return this.#wanted === 0 && this.#before.length === 0;
  }

  add(record: StreamRecord, wanted: boolean): void {
    this.#end = record;
    if (!wanted) return;
    this.#wanted++;
    const isNotice = isNoticeType(record.type);
    if (record.erases) this.#erase(record);
    else if (isNotice && numberBefore(record) === record.seq - 1) return; // counted as one that was lost
    const key = isNotice ? Symbol() : this.#keyOf(record); // what tells of an erasing, or a gap of several, stays
    this.#chars += charsOf(record) - charsOf(this.#latest.get(key)?.record);
    this.#latest.delete(key); // or it would keep its place
    this.#latest.set(key, { record, number: this.#wanted });
  }

  /** A gap in the range itself: what came before it is lost with it, from the last gap on. */
  gap(gap: Gap): void {
    const lost = gap.lost === null ? null : gap.lost + this.#wanted;
    this.#before.push(gapRecord({ ...gap, from: this.#from, lost }));
    this.#from = gap.to;
    this.#end = gap.to;
    this.#wanted = 0;
    this.#latest.clear();
    this.#chars = 0;
  }

  /** Lets go of records that were erased since they came: they count as lost. */
  #erase(erasure: StreamRecord): void {
    for (const [key, { record }] of this.#latest) {
      if (!erases(erasure, record)) continue;
      this.#chars -= charsOf(record);
      this.#latest.delete(key);
    }
  }

  /** The remaining records of the range, in order. */
  records(): StreamRecord[] {
    const records = [...this.#before];
    let from = this.#from;
    let passed = 0;
    const skipTo = (to: Position, number: number): void => {
      const lost = number - passed;
      if (lost > 0) records.push(gapRecord({ from, to, lost, reason: 'conflated' }));
      passed = number;
    };
    for (const { record, number } of this.#latest.values()) {
      skipTo({ epoch: record.epoch, seq: numberBefore(record) }, number - 1);
      records.push(record);
      passed = number;
      from = record;
    }
    skipTo(this.#end, this.#wanted);
    return records;
  }
}
