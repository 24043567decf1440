import type { Position } from '../../shared/cursor.ts';
import type { LogEntry, PublishResult } from '../../shared/log.ts';
import type { Bounds, LogRecord, ReadResult } from './broker.ts';
import { gapAfter } from './gaps.ts';
import { numberEntries } from './number-entries.ts';
import { pageEnd } from './page-end.ts';
import { RememberedIds } from './remembered-ids.ts';
import { bytesOf, type CompleteRetention } from './retention.ts';

/** Bytes that are held beside the JSON, as measured: of a topic, a record and an idempotency key. */
const TOPIC_BYTES = 1500;
const RECORD_BYTES = 300;
const ID_BYTES = 200;

/** One part in so many of what is held may be trimmed and not moved out yet: moving costs as much as there is. */
const WASTE_PART = 8;

/** The log of one topic in memory. */
export class MemoryTopic {
  readonly name: string;
  readonly epoch: string;
  readonly #retention: CompleteRetention;
  readonly #ids = new RememberedIds();
  /** Oldest first. Those before `head` are trimmed and wait to be moved out. */
  #records: LogRecord[] = [];
  #head = 0;
  /** Bytes of the records from `head` on, and of those before it. */
  #bytes = 0;
  #waste = 0;
  #last = 0;
  #lastAt = 0;

  constructor(name: string, epoch: string, retention: CompleteRetention) {
    this.name = name;
    this.epoch = epoch;
    this.#retention = retention;
  }

  /** Bytes that it takes, about: see Retention.maxTotalBytes. */
  get held(): number {
    const beside = TOPIC_BYTES + RECORD_BYTES * this.#records.length + ID_BYTES * this.#ids.size;
    return beside + this.#bytes + this.#waste;
  }

  get holdsRecords(): boolean {
    return this.#head < this.#records.length;
  }

  /** Tells if the newest record is what {@link dropOldest} would drop. */
  get holdsNewestAlone(): boolean {
    return this.#records.length - this.#head === 1 && this.#ids.oldest >= this.#last;
  }

  /** Tells if it holds nothing but its place. */
  get isEmpty(): boolean {
    return !this.holdsRecords && this.#ids.size === 0;
  }

  /** Tells if a record was ever appended. */
  get wasWritten(): boolean {
    return this.#last > 0;
  }

  get bounds(): Bounds {
    const { epoch } = this;
    return { epoch, first: this.#last - (this.#records.length - this.#head) + 1, last: this.#last };
  }

  /** Appends the entries whose ids are new. @returns what a publish answers, and the records */
  append(entries: readonly LogEntry[], now: number): { results: PublishResult[]; stored: LogRecord[] } {
    const { epoch } = this;
    const at = Math.max(now, this.#lastAt); // a clock set back must not reorder the log
    this.#lastAt = at;
    this.#ids.forget();
    const { results, records } = numberEntries(entries, { epoch, last: this.#last, at }, this.#ids);
    this.#last += records.length;
    for (const record of records) this.#bytes += bytesOf(record);
    this.#records.push(...records);
    this.trim(at);
    return { results, stored: records };
  }

  read(after: Position, limit: number): ReadResult {
    const { bounds } = this;
    const gap = gapAfter(after, bounds);
    const start = this.#head + (gap?.to ?? after).seq + 1 - bounds.first;
    return { gap, records: this.#records.slice(start, pageEnd(this.#records, start, limit)), bounds };
  }

  /** See Broker.seek. */
  seek(at: number): Position {
    let [low, high] = [this.#head, this.#records.length];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if ((this.#records[middle]?.at ?? 0) >= at) high = middle;
      else low = middle + 1;
    }
    return { epoch: this.epoch, seq: this.#last - (this.#records.length - low) };
  }

  /** Drops what retention does not keep any more, and ids whose time is over. */
  trim(now: number): void {
    const { maxRecords, maxAgeMs, maxBytes } = this.#retention;
    this.#ids.forget();
    for (let oldest = this.#records[this.#head]; oldest; oldest = this.#records[this.#head]) {
      const kept = this.#records.length - this.#head;
      const isTooMuch = kept > maxRecords || (this.#bytes > maxBytes && kept > 1);
      if (!isTooMuch && oldest.at >= now - maxAgeMs) break;
      this.#drop(oldest);
    }
    this.#moveOut();
  }

  /** Drops the oldest thing that it holds: an id whose record is gone, or else a record. */
  dropOldest(): void {
    const oldest = this.#records[this.#head];
    if (this.#ids.oldest < (oldest?.seq ?? Number.POSITIVE_INFINITY)) this.#ids.dropOldest();
    else if (oldest) this.#drop(oldest);
    this.#moveOut();
  }

  #drop(oldest: LogRecord): void {
    const bytes = bytesOf(oldest);
    this.#bytes -= bytes;
    this.#waste += bytes;
    this.#head++;
  }

  #moveOut(): void {
    const isMuch = this.#head > this.#records.length / WASTE_PART || this.#waste > this.#bytes / WASTE_PART;
    if (this.#head === 0 || !isMuch) return;
    this.#records = this.#records.slice(this.#head);
    this.#head = 0;
    this.#waste = 0;
  }
}
