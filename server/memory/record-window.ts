/** Fraction of the array at which dropped records are moved out, as 1/8: each move copies the records that are left. */
const WASTE_PART = 8;

/**
 * Records of one epoch, oldest first, most often contiguous ones. They are added at the end and dropped at the beginning;
 * dropped ones stay in memory until they are an eighth of what is there.
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

  /** Up to `limit` records after number `seq`; they end once they come to so many characters of JSON. */
  after(seq: number, limit: number, maxChars: number): R[] {
    const start = this.#indexFrom(seq + 1);
    const most = Math.min(this.#records.length, start + limit);
    let chars = 0;
    let end = start;
    while (end < most && chars < maxChars) chars += this.#records[end++]?.json.length ?? 0;
    return this.#records.slice(start, end);
  }

  /** The first record that meets a condition, which all later ones must meet too. */
  firstThat(meets: (record: R) => boolean): R | undefined {
    return this.#records[this.#firstIndexThat(meets)];
  }

  /** The last record before the first one that meets a condition, which all later ones must meet too. */
  lastBefore(meets: (record: R) => boolean): R | undefined {
    const index = this.#firstIndexThat(meets) - 1;
    return index < this.#head ? undefined : this.#records[index];
  }

  push(record: R): void {
    this.#records.push(record);
    this.#size += this.#sizeOf(record);
  }

  /** The record with a number; undefined if it is not in here. */
  at(seq: number): R | undefined {
    const record = this.#records[this.#indexFrom(seq)];
    return record?.seq === seq ? record : undefined;
  }

  /** Puts a record in the place of the one with its number. */
  replace(record: R): void {
    const former = this.at(record.seq);
    if (!former) return;
    this.#records[this.#indexFrom(record.seq)] = record;
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

  /** The index of the first record at or after a number. */
  #indexFrom(seq: number): number {
    const ifContiguous = this.#head + seq - (this.oldest?.seq ?? 0);
    if (ifContiguous >= this.#head && this.#records[ifContiguous]?.seq === seq) return ifContiguous;
    return this.#firstIndexThat((record) => record.seq >= seq);
  }

  #firstIndexThat(meets: (record: R) => boolean): number {
    let [low, high] = [this.#head, this.#records.length];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const record = this.#records[middle];
      if (record && meets(record)) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
