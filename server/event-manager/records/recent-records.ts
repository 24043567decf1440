import type { Position } from '../../../shared/cursor.ts';
import { pageEnd } from '../../broker/page-end.ts';
import { SharedBudget } from '../../memory/shared-budget.ts';
import { charsOf, type StreamRecord } from './stream-record.ts';

/** Characters of JSON that those of all topics of a process may have together. */
const PROCESS_CHARS = 64 * 1024 * 1024;

/** Bounds what is kept of all topics: beyond it, half of what is kept of the topic with the most is dropped. */
export class RecentBudget {
  readonly #budget: SharedBudget<RecentRecords>;

  constructor(chars: number = PROCESS_CHARS) {
    this.#budget = new SharedBudget(chars);
  }

  note(records: RecentRecords): void {
    this.#budget.set(records, records.chars);
    for (let largest = this.#budget.tooLarge; largest; largest = this.#budget.tooLarge) {
      largest.halve();
      this.#budget.set(largest, largest.chars);
    }
  }
}

/**
 * The last records of a topic, kept in memory so that a reader slightly behind, or a thousand that reconnect at
 * once, need not ask the broker.
 */
export class RecentRecords {
  readonly #maxRecords: number;
  readonly #maxChars: number;
  /** Contiguous, oldest first, of one epoch. Those before `#head` are dropped and wait for the next compaction. */
  #records: StreamRecord[] = [];
  #head = 0;
  /** Characters of JSON and annotations from `#head` on. */
  #chars = 0;

  /**
   * @param maxRecords records kept at most
   * @param maxChars characters of JSON kept at most
   */
  constructor(maxRecords: number, maxChars: number) {
    this.#maxRecords = maxRecords;
    this.#maxChars = maxChars;
  }

  push(record: StreamRecord): void {
    const last = this.#records.at(-1);
    if (last && (last.epoch !== record.epoch || last.seq + 1 !== record.seq)) this.clear();
    this.#records.push(record);
    this.#chars += charsOf(record);
    this.#trim(this.#maxRecords, this.#maxChars);
  }

  /** Records right after a position, no more than a log answers at once; null if that is not all in here. */
  after({ epoch, seq }: Position, limit: number): readonly StreamRecord[] | null {
    const first = this.#records[this.#head];
    if (!first || first.epoch !== epoch || seq < first.seq - 1) return null;
    const start = this.#head + seq + 1 - first.seq;
    if (start >= this.#records.length) return null;
    return this.#records.slice(start, pageEnd(this.#records, start, limit));
  }

  /** Characters of JSON that are kept. */
  get chars(): number {
    return this.#chars;
  }

  /** Drops the older half. */
  halve(): void {
    this.#trim((this.#records.length - this.#head) / 2, this.#chars / 2);
  }

  clear(): void {
    this.#records = [];
    this.#head = 0;
    this.#chars = 0;
  }

  #trim(maxRecords: number, maxChars: number): void {
    const records = this.#records;
    for (let oldest = records[this.#head]; oldest; oldest = records[this.#head]) {
      if (records.length - this.#head <= maxRecords && this.#chars <= maxChars) break;
      this.#chars -= charsOf(oldest);
      this.#head++;
    }
    // Moving the records costs as much as there are of them, so it waits until half of them are dropped.
    if (this.#head > records.length / 2) {
      this.#records = records.slice(this.#head);
      this.#head = 0;
    }
  }
}
