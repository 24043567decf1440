import type { Position } from '../../shared/cursor.ts';
import { pageEnd } from '../broker/page-end.ts';
import type { StreamRecord } from './stream-record.ts';

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
  /** Characters of JSON from `#head` on. */
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
    if (last && (last.epoch !== record.epoch || last.seq + 1 !== record.seq)) this.#clear();
    this.#records.push(record);
    this.#chars += record.json.length;
    this.#trim();
  }

  /** Records right after a position, no more than a log answers at once; null if that is not all in here. */
  after({ epoch, seq }: Position, limit: number): readonly StreamRecord[] | null {
    const first = this.#records[this.#head];
    if (!first || first.epoch !== epoch || seq < first.seq - 1) return null;
    const start = this.#head + seq + 1 - first.seq;
    if (start >= this.#records.length) return null;
    return this.#records.slice(start, pageEnd(this.#records, start, limit));
  }

  #clear(): void {
    this.#records = [];
    this.#head = 0;
    this.#chars = 0;
  }

  #trim(): void {
    const records = this.#records;
    for (let oldest = records[this.#head]; oldest; oldest = records[this.#head]) {
      if (records.length - this.#head <= this.#maxRecords && this.#chars <= this.#maxChars) break;
      this.#chars -= oldest.json.length;
      this.#head++;
    }
    // Moving the records costs as much as there are of them, so it waits until half of them are dropped.
    if (this.#head > records.length / 2) {
      this.#records = records.slice(this.#head);
      this.#head = 0;
    }
  }
}
