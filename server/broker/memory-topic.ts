import type { Position } from '../../shared/cursor.ts';
import type { LogEntry, PublishResult } from '../../shared/log.ts';
import { type Bounds, type LogRecord, type ReadResult, withoutContent } from './broker.ts';
import { gapAfter } from './gaps.ts';
import { RecordWindow } from './record-window.ts';
import { numberEntries, RememberedIds } from './remembered-ids.ts';
import { bytesOf, type CompleteRetention } from './retention.ts';

/** Bytes in memory beside the JSON, as measured, for each topic, record and idempotency key. */
const TOPIC_BYTES = 1500;
const RECORD_BYTES = 300;
const ID_BYTES = 200;

/** The log of one topic in memory. */
export class MemoryTopic {
  readonly name: string;
  readonly epoch: string;
  readonly #retention: CompleteRetention;
  readonly #ids = new RememberedIds();
  readonly #records = new RecordWindow<LogRecord>(bytesOf);
  #last = 0;
  #lastAt = 0;
  /** See Bounds.erased. */
  #erased: number | undefined;

  constructor(name: string, epoch: string, retention: CompleteRetention) {
    this.name = name;
    this.epoch = epoch;
    this.#retention = retention;
  }

  /** Estimate of the bytes that the topic takes in memory, see Retention.maxTotalBytes. */
  get bytesInMemory(): number {
    const { length, size } = this.#records.inMemory;
    return TOPIC_BYTES + RECORD_BYTES * length + ID_BYTES * this.#ids.size + size;
  }

  get holdsRecords(): boolean {
    return this.#records.length > 0;
  }

  /** Tells if {@link dropOldest} would drop the newest record. */
  get holdsNewestAlone(): boolean {
    return this.#records.length === 1 && this.#ids.oldest >= this.#last;
  }

  /** Tells if there is no record and no idempotency key, only the position. */
  get isEmpty(): boolean {
    return !this.holdsRecords && this.#ids.size === 0;
  }

  /** Tells if a record was ever appended. */
  get wasWritten(): boolean {
    return this.#last > 0;
  }

  get bounds(): Bounds {
    const { epoch } = this;
    const range = { epoch, first: this.#last - this.#records.length + 1, last: this.#last };
    return this.#erased === undefined ? range : { ...range, erased: this.#erased };
  }

  /** Appends the entries whose ids are new. @returns the results for the publisher, and the new records */
  append(entries: readonly LogEntry[], now: number): { results: PublishResult[]; stored: LogRecord[] } {
    const { epoch } = this;
    const at = Math.max(now, this.#lastAt); // a clock set back must not reorder the log
    this.#lastAt = at;
    this.#ids.forget();
    const { results, records } = numberEntries(entries, { epoch, last: this.#last, at }, this.#ids);
    this.#last += records.length;
    for (const record of records) this.#records.push(record);
    this.trim(at);
    return { results, stored: records };
  }

  /** Erases records, and appends the notices of it. @returns the number of records erased, and the new records */
  erase(
    seqs: readonly number[],
    notices: readonly LogEntry[],
    now: number,
  ): { count: number; stored: LogRecord[] } {
    let count = 0;
    for (const seq of seqs) {
      const record = this.#records.at(seq);
      if (!record || record.erased) continue;
      this.#records.replace(withoutContent(record));
      count++;
    }
    if (count === 0) return { count, stored: [] };
    const { stored } = this.append(notices, now);
    this.#erased = this.#last;
    return { count, stored };
  }

  read(after: Position, limit: number): ReadResult {
    const { bounds } = this;
    const gap = gapAfter(after, bounds);
    return { gap, records: this.#records.after((gap?.to ?? after).seq, limit), bounds };
  }

  /** See Broker.seek. */
  seek(at: number): Position {
    return { epoch: this.epoch, seq: this.#last - this.#records.countFrom((record) => record.at >= at) };
  }

  /** Drops the records that retention does not keep, and the ids whose time is over. */
  trim(now: number): void {
    const { maxRecords, maxAgeMs, maxBytes } = this.#retention;
    const records = this.#records;
    this.#ids.forget();
    for (let oldest = records.oldest; oldest; oldest = records.oldest) {
      const isTooMuch = records.length > maxRecords || (records.size > maxBytes && records.length > 1);
      if (!isTooMuch && oldest.at >= now - maxAgeMs) break;
      records.dropOldest();
    }
  }

  /** Drops the oldest thing: an id whose record is gone, or else a record. */
  dropOldest(): void {
    const { oldest } = this.#records;
    if (this.#ids.oldest < (oldest?.seq ?? Number.POSITIVE_INFINITY)) this.#ids.dropOldest();
    else this.#records.dropOldest();
  }
}
