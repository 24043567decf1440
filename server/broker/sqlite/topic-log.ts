import { formatCursor, type Position } from '../../../shared/cursor.ts';
import type { LogEntry, PublishResult } from '../../../shared/log.ts';
import { type Bounds, IDEMPOTENCY_MS, type LogRecord, type ReadResult } from '../broker.ts';
import type { TopicEpochs } from '../epoch.ts';
import { gapAfter } from '../gaps.ts';
import { numberEntries } from '../number-entries.ts';
import type { RememberedIds } from '../remembered-ids.ts';
import { bytesOf, type CompleteRetention } from '../retention.ts';
import type { Extent, TopicRows } from './topic-rows.ts';

/** Records deleted with one transaction beyond as many as it adds: a log much too long is trimmed bit by bit. */
const PURGE_RECORDS = 1000;

/** The log of one topic. Appended, then stored, then settled: nobody is shown a record before that. */
export class TopicLog {
  readonly name: string;
  readonly epoch: string;
  readonly #rows: TopicRows;
  readonly #renewals: number;
  readonly #retention: CompleteRetention;
  #extent: Extent;
  /** Null until the first append: whoever only reads needs none. */
  #ids: RememberedIds | null = null;
  /** The catalog that validated every record from `from` on; records before it came with the file, or from another catalog. */
  #validated: { readonly by: object | undefined; readonly from: number } = { by: undefined, from: 0 };
  /** The append that is not settled, and the state that `revert` goes back to; null when there is none. */
  #open: { readonly before: Extent; readonly records: LogRecord[] } | null = null;

  constructor(name: string, epochs: TopicEpochs, rows: TopicRows, retention: CompleteRetention) {
    this.name = name;
    this.#rows = rows;
    this.#retention = retention;
    const { renewals, ...extent } = rows.load();
    this.#renewals = renewals ?? epochs.renewalsOf(name);
    this.epoch = epochs.of(name, this.#renewals);
    this.#extent = extent;
  }

  /** False for a topic that is only known by name. */
  get isStored(): boolean {
    return this.#extent.row !== null;
  }

  /** The position after the last record settled. */
  get end(): Position {
    return { epoch: this.epoch, seq: (this.#open?.before ?? this.#extent).last };
  }

  /** Numbers the entries whose ids are new. */
  append(entries: readonly LogEntry[], now: number): PublishResult[] {
    const { epoch } = this;
    const { records: open } = this.#begin();
    const at = Math.max(now, this.#extent.lastAt); // a clock set back must not reorder the log
    this.#ids ??= this.#rows.ids(at - IDEMPOTENCY_MS, now, this.#extent);
    this.#ids.forget();
    const { last } = this.#extent;
    const { results, records } = numberEntries(entries, { epoch, last, at }, this.#ids);
    for (const { validatedBy, seq } of records)
      if (validatedBy !== this.#validated.by) this.#validated = { by: validatedBy, from: seq };
    open.push(...records);
    this.#extent = { ...this.#extent, last: last + records.length, lastAt: at };
    return results;
  }

  /** Forgets the ids whose time is over. */
  forgetIds(): void {
    this.#ids?.forget();
  }

  /** Tells if something is appended and not settled. */
  get isOpen(): boolean {
    return this.#open !== null;
  }

  /**
   * Within a transaction: writes what was appended, and trims.
   * @param maxBytes what the log may keep, where that is less than its retention: its newest record goes too then
   * @returns by how many bytes it grew
   */
  store(now: number, maxBytes = Number.POSITIVE_INFINITY): number {
    const { before, records } = this.#begin();
    const { last } = this.#extent;
    const lastAt = Math.max(now, this.#extent.lastAt);
    const row = before.row ?? this.#rows.add(this.#renewals);
    const { first, bytes } = this.#trim(before, records, lastAt, maxBytes);
    const oldest = Math.min(first, before.last + 1, before.oldest + records.length + PURGE_RECORDS);
    // Before the new records are written: in a full file they take the place of the old.
    if (oldest > before.oldest) this.#rows.purge(row, oldest, lastAt - IDEMPOTENCY_MS);
    if (this.#ids) this.#rows.dropIds(row, this.#ids.forgotten);
    this.#rows.insert(row, records, { last, lastAt, bytes });
    this.#extent = { row, first, oldest, last, lastAt, bytes, rowBytes: bytes };
    return bytes - before.rowBytes;
  }

  /** Shows what was stored, and returns it. */
  settle(): readonly LogRecord[] {
    const records = this.#open?.records ?? [];
    this.#open = null;
    return records;
  }

  /** Forgets what was appended: its transaction failed. */
  revert(): void {
    if (!this.#open) return;
    for (const { id } of this.#open.records) this.#ids?.delete(id);
    this.#extent = this.#open.before;
    this.#open = null;
  }

  bounds(now: number): Bounds {
    const { epoch, seq: last } = this.end;
    return { epoch, first: Math.min(this.#firstKept(last, now), last + 1), last };
  }

  read(after: Position, limit: number, now: number): ReadResult {
    const { epoch } = this;
    const bounds = this.bounds(now);
    const gap = gapAfter(after, bounds);
    const from = (gap?.to ?? after).seq;
    const rows = this.#rows.read(this.#extent.row, from, Math.min(from + limit, bounds.last));
    const { by, from: validFrom } = this.#validated;
    const records = rows.map((row, index): LogRecord => {
      const position = { epoch, seq: from + 1 + index };
      const record = { ...row, ...position, cursor: formatCursor(position) };
      return by && position.seq >= validFrom ? { ...record, validatedBy: by } : record;
    });
    return { gap, records, bounds };
  }

  /** See Broker.seek. */
  seek(at: number, now: number): Position {
    const { epoch, first, last } = this.bounds(now);
    return { epoch, seq: this.#rows.firstAtOrAfter(this.#extent.row, at, first, last) - 1 };
  }

  #begin() {
    this.#open ??= { before: this.#extent, records: [] };
    return this.#open;
  }

  /** The log's beginning once the new records are in it, and the bytes it has then. */
  #trim(
    before: Extent,
    added: readonly LogRecord[],
    now: number,
    maxBytes: number,
  ): { first: number; bytes: number } {
    const bytesBetween = (from: number, until: number): number => {
      const isNew = before.last + 1;
      const stored = from < isNew ? this.#rows.bytes(before.row, from, Math.min(until, isNew)) : 0;
      const fresh = added.slice(Math.max(0, from - isNew), Math.max(0, until - isNew));
      return fresh.reduce((sum, record) => sum + bytesOf(record), stored);
    };
    const { last } = this.#extent;
    let first = this.#firstKept(last, now);
    let bytes = before.bytes + bytesBetween(before.last + 1, last + 1) - bytesBetween(before.first, first);
    while (bytes > this.#retention.maxBytes && first < last) bytes -= bytesBetween(first, ++first);
    while (bytes > maxBytes && first <= last) bytes -= bytesBetween(first, ++first);
    return { first, bytes };
  }

  /** The oldest record that is young enough, and among the last `maxRecords`, if `last` is the newest. */
  #firstKept(last: number, now: number): number {
    const first = Math.max(this.#extent.first, last - this.#retention.maxRecords + 1);
    // Records that are not settled yet are not too old.
    return this.#rows.firstAtOrAfter(this.#extent.row, now - this.#retention.maxAgeMs, first, this.end.seq);
  }
}
