import type { Position } from '../../shared/cursor.ts';
import type { LogEntry, PublishResult } from '../../shared/log.ts';
import { type Bounds, type LogRecord, type ReadResult, withoutContent } from './broker.ts';
import { gapAfter, pageOf } from './gaps.ts';
import { KeptRecords } from './kept-records.ts';
import { numberEntries, RememberedIds } from './remembered-ids.ts';
import type { CompleteRetention } from './retention/retention.ts';

/** Bytes in memory beside the JSON, as measured, for each topic, record and idempotency key. */
const TOPIC_BYTES = 1500;
const RECORD_BYTES = 300;
const ID_BYTES = 200;

/** The log of one topic in memory. */
export class MemoryTopic {
  readonly name: string;
  readonly epoch: string;
  readonly #ids = new RememberedIds();
  readonly #records: KeptRecords;
  #last = 0;
  #lastAt = 0;
  /** See Bounds.erased. */
  #erased: number | undefined;

  constructor(name: string, epoch: string, retention: CompleteRetention) {
    this.name = name;
    this.epoch = epoch;
    this.#records = new KeptRecords(retention);
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
    const { oldest, cuts } = this.#records;
    const range = { epoch, first: oldest?.seq ?? this.#last + 1, last: this.#last };
    const bounds = this.#erased === undefined ? range : { ...range, erased: this.#erased };
    return cuts ? { ...bounds, cuts } : bounds;
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
    const { seq } = gapAfter(after, bounds)?.to ?? after;
    return pageOf(after, bounds, this.#records.after(seq, limit));
  }

  /** See Broker.seek. */
  seek(at: number): Position {
    return { epoch: this.epoch, seq: this.#records.before(at) ?? this.#last };
  }

  /** Drops the records that retention does not keep, and the ids whose time is over. */
  trim(now: number): void {
    this.#ids.forget();
    this.#records.trim(now);
  }

  /** Drops the oldest thing: an id whose record is gone, or else a record. */
  dropOldest(): void {
    const { oldest } = this.#records;
    if (this.#ids.oldest < (oldest?.seq ?? Number.POSITIVE_INFINITY)) this.#ids.dropOldest();
    else this.#records.dropOldest();
  }
}
