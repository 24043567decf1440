import type { Position } from '../../../shared/cursor.ts';
import { READ_CHARS } from '../../broker/broker.ts';
import { RecordWindow } from '../../memory/record-window.ts';
import { SharedBudget } from '../../memory/shared-budget.ts';
import { charsOf, numberBefore, type StreamRecord } from './stream-record.ts';

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
  readonly #records = new RecordWindow<StreamRecord>(charsOf);

  /**
   * @param maxRecords records kept at most
   * @param maxChars characters of JSON kept at most
   */
  constructor(maxRecords: number, maxChars: number) {
    this.#maxRecords = maxRecords;
    this.#maxChars = maxChars;
  }

  /** Adds what a hub hands out next. */
  push(record: StreamRecord): void {
    // A gap that may be of any type is told by the log, to each reader from where that one is: it may be in its midst.
    if (record.type === 'stream_gap' && record.of === undefined) {
      this.clear();
      return;
    }
    const { newest } = this.#records;
    if (newest && (newest.epoch !== record.epoch || newest.seq !== numberBefore(record))) this.clear();
    this.#records.push(record);
    this.#trim(this.#maxRecords, this.#maxChars);
  }

  /** Records right after a position, no more than a log answers at once; null if that is not all in here. */
  after({ epoch, seq }: Position, limit: number): readonly StreamRecord[] | null {
    const { oldest, newest } = this.#records;
    if (oldest?.epoch !== epoch || !newest || seq >= newest.seq || seq < numberBefore(oldest)) return null;
    const records = this.#records.after(seq, limit, READ_CHARS);
    const [first] = records;
    return first && numberBefore(first) === seq ? records : null; // or in the midst of a gap
  }

  /** Characters of JSON that are kept. */
  get chars(): number {
    return this.#records.size;
  }

  /** Drops the older half. */
  halve(): void {
    this.#trim(this.#records.length / 2, this.#records.size / 2);
  }

  clear(): void {
    this.#records.clear();
  }

  #trim(maxRecords: number, maxChars: number): void {
    const records = this.#records;
    while (records.length > maxRecords || records.size > maxChars) records.dropOldest();
  }
}
