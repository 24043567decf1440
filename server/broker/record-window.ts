import { READ_CHARS } from './broker.ts';

/** Fraction of the array at which dropped records are moved out, as 1/8: each move copies the records that are left. */
const WASTE_PART = 8;

/**
 * Contiguous records of one epoch, oldest first. They are added at the end and dropped at the beginning; dropped ones
 * stay in memory until they are an eighth of what is there.
 */
export class RecordWindow<R extends { readonly seq: number; readonly json: string }> {
  readonly #sizeOf: (record: R) => number;
  /** The first `#head` of them are dropped. */
  #records: R[] = [];
  #head = 0;
  /** Sizes of the records, and of the dropped ones that are still in memory. */
  #size = 0;
  #droppedSize = 0;

  constructor(sizeOf: (record: R) => number) {
    this.#sizeOf = sizeOf;
  }

  get length(): number {
    return this.#records.length - this.#head;
  }

  get oldest(): R | undefined {
    return this.#records[this.#head];
  }

  get newest(): R | undefined {
    return this.#records.at(-1);
  }

  /** Total size of the records. */
  get size(): number {
    return this.#size;
  }

  /** Number and size of the records in memory, dropped ones included. */
  get inMemory(): { readonly length: number; readonly size: number } {
    return { length: this.#records.length, size: this.#size + this.#droppedSize };
  }

  /** Up to `limit` records after number `seq`, at or after the one before the oldest; they end once they come to READ_CHARS. */
  after(seq: number, limit: number): R[] {
    const { oldest } = this;
    if (!oldest) return [];
    const start = this.#indexOf(seq + 1);
    const most = Math.min(this.#records.length, start + limit);
    let chars = 0;
    let end = start;
    while (end < most && chars < READ_CHARS) chars += this.#records[end++]?.json.length ?? 0;
    return this.#records.slice(start, end);
  }

  /** Counts the records from the first one on that meets a condition, which all later ones must meet too. */
  countFrom(meets: (record: R) => boolean): number {
    let [low, high] = [this.#head, this.#records.length];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const record = this.#records[middle];
      if (record && meets(record)) high = middle;
      else low = middle + 1;
    }
    return this.#records.length - low;
  }

  push(record: R): void {
    this.#records.push(record);
    this.#size += this.#sizeOf(record);
  }

  /** The record with a number; undefined if it is not in here. */
  at(seq: number): R | undefined {
    const index = this.#indexOf(seq);
    return index < this.#head ? undefined : this.#records[index];
  }

  /** Puts a record in the place of the one with its number. */
  replace(record: R): void {
    const former = this.at(record.seq);
    if (!former) return;
    this.#records[this.#indexOf(record.seq)] = record;
    this.#size += this.#sizeOf(record) - this.#sizeOf(former);
  }

  dropOldest(): void {
    const { oldest } = this;
    if (!oldest) return;
    const size = this.#sizeOf(oldest);
    this.#size -= size;
    this.#droppedSize += size;
    this.#head++;
    const isMuch =
      this.#head > this.#records.length / WASTE_PART || this.#droppedSize > this.#size / WASTE_PART;
    if (!isMuch) return;
    this.#records = this.#records.slice(this.#head);
    this.#head = 0;
    this.#droppedSize = 0;
  }

  clear(): void {
    this.#records = [];
    this.#head = 0;
    this.#size = 0;
    this.#droppedSize = 0;
  }

  #indexOf(seq: number): number {
    return this.#head + seq - (this.oldest?.seq ?? 0);
  }
}
