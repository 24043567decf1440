import type { Position } from '../../shared/cursor.ts';
import type { LogEntry, PublishResult } from '../../shared/log.ts';
import { type Bounds, type LogRecord, type ReadResult, withoutContent } from './broker.ts';
import { gapAfter, pageOf } from './gaps.ts';
import { KeptRecords } from './kept-records.ts';
import type { OpenMemory } from './open/open-memory.ts';
import { SettledInMemory } from './open/settled-events.ts';
import { TopicOpenSet } from './open/topic-open-set.ts';
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
  readonly #memory: OpenMemory;
  /** The open set; null before the first call that asks for it, since most topics have none. */
  #begun: { readonly open: TopicOpenSet; readonly settled: SettledInMemory } | null = null;
  #last = 0;
  #lastAt = 0;
  /** See Bounds.erased. */
  #erased: number | undefined;

  constructor(name: string, epoch: string, retention: CompleteRetention, memory: OpenMemory) {
    this.name = name;
    this.epoch = epoch;
    this.#records = new KeptRecords(retention);
    this.#memory = memory;
  }

  /** The events that were begun and are not settled yet. */
  get open(): TopicOpenSet {
    if (!this.#begun) {
      const settled = new SettledInMemory();
      this.#begun = { settled, open: new TopicOpenSet(this.name, settled, this.#memory) };
    }
    return this.#begun.open;
  }

  get holdsOpen(): boolean {
    return this.#begun !== null && this.#begun.open.size > 0;
  }

  get #holdsSettled(): boolean {
    return this.#begun !== null && this.#begun.settled.size > 0;
  }

  /** Estimate of the bytes that the topic takes in memory without open events, see Retention.maxTotalBytes. */
  get bytesInMemory(): number {
    const { length, size } = this.#records.inMemory;
    return (
      TOPIC_BYTES +
      RECORD_BYTES * length +
      ID_BYTES * this.#ids.size +
      size +
      (this.#begun?.settled.bytes ?? 0)
    );
  }

  get holdsRecords(): boolean {
    return this.#records.length > 0;
  }

  /** Tells if {@link dropOldest} would drop the newest record. */
  get holdsNewestAlone(): boolean {
    return this.#records.length === 1 && this.#ids.oldest >= this.#last && !this.#holdsSettled;
  }

  /** Tells if there is neither a record nor an idempotency key nor a settlement, only the position and what is open. */
  get isEmpty(): boolean {
    return !this.holdsRecords && this.#ids.size === 0 && !this.#holdsSettled;
  }

  /** Tells if a record was ever appended, or an event begun. */
  get wasWritten(): boolean {
    return this.#last > 0 || (this.#begun !== null && this.#begun.open.rev > 0);
  }

  get end(): Position {
    return { epoch: this.epoch, seq: this.#last };
  }

  get bounds(): Bounds {
    const { epoch } = this;
    const { oldest, cuts } = this.#records;
    const range = { epoch, first: oldest?.seq ?? this.#last + 1, last: this.#last };
    const bounds = this.#erased === undefined ? range : { ...range, erased: this.#erased };
    return cuts ? { ...bounds, cuts } : bounds;
  }

  /** Appends an entry as a new record, whatever was appended under its id. */
  appendAnew(entry: LogEntry, now: number): LogRecord[] {
    this.#ids.delete(entry.id);
    return this.append([entry], now).stored;
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

  /** Drops the records that retention does not keep, and the ids and settlements whose time is over. */
  trim(now: number): void {
    this.#ids.forget();
    this.#begun?.settled.forget(now);
    this.#records.trim(now);
  }

  /** Drops the oldest thing: a settlement, or else an id whose record is gone, or else a record. */
  dropOldest(): void {
    if (this.#holdsSettled) {
      this.#begun?.settled.dropOldest();
      return;
    }
    const { oldest } = this.#records;
    if (this.#ids.oldest < (oldest?.seq ?? Number.POSITIVE_INFINITY)) this.#ids.dropOldest();
    else this.#records.dropOldest();
  }
}
