import { formatCursor, type Position } from '../../../../shared/cursor.ts';
import type { LogEntry, PublishResult } from '../../../../shared/log.ts';
import { type Bounds, IDEMPOTENCY_MS, type LogRecord, type ReadResult } from '../../broker.ts';
import type { TopicEpochs } from '../../epoch.ts';
import { gapAfter, pageOf } from '../../gaps.ts';
import { numberEntries, type RememberedIds } from '../../remembered-ids.ts';
import { bytesOf, type CompleteRetention } from '../../retention/retention.ts';
import { cutsIn, type RuleRows, type RulesState, rulesFrom } from './rule-rows.ts';
import type { Extent, TopicRows } from './topic-rows.ts';

/** Records that one transaction deletes beyond the number that it adds: a log that is far too long is trimmed bit by bit. */
const PURGE_RECORDS = 1000;

/** The log of one topic. A record is appended, then stored, then settled; nobody is shown it before. */
export class TopicLog {
  readonly name: string;
  readonly epoch: string;
  readonly #rows: TopicRows;
  readonly #ruleRows: RuleRows;
  readonly #renewals: number;
  readonly #retention: CompleteRetention;
  #extent: Extent;
  /** Null until the first append: reads do not need it. */
  #ids: RememberedIds | null = null;
  /** The catalog that validated all records from number `from` on; earlier ones came with the file, or from another catalog. */
  #validated: { readonly by: object | undefined; readonly from: number } = { by: undefined, from: 0 };
  /** The append that is not settled yet, and the extent that `revert` restores; null when there is none. */
  #open: { readonly before: Extent; readonly records: LogRecord[]; erasedBytes: number } | null = null;

  constructor(
    name: string,
    epochs: TopicEpochs,
    rows: TopicRows,
    ruleRows: RuleRows,
    retention: CompleteRetention,
  ) {
    this.name = name;
    this.#rows = rows;
    this.#ruleRows = ruleRows;
    this.#retention = retention;
    const { renewals, rules, ...extent } = rows.load();
    this.#renewals = renewals ?? epochs.renewalsOf(name);
    this.epoch = epochs.of(name, this.#renewals);
    this.#extent = { ...extent, rules: rulesFrom(rules, extent.first, retention) };
  }

  /** False for a topic that was never published to. */
  get isStored(): boolean {
    return this.#extent.row !== null;
  }

  /** Id of the topic's row; null before it has one. */
  get row(): number | null {
    return this.#extent.row;
  }

  /** The position of the last settled record. */
  get end(): Position {
    return { epoch: this.epoch, seq: (this.#open?.before ?? this.#extent).last };
  }

  /** The position of the last appended record. */
  get newEnd(): Position {
    return { epoch: this.epoch, seq: this.#extent.last };
  }

  /** Gives the topic a row, even without a record. Call it within a transaction. @returns its id */
  hold(): number {
    this.#begin();
    const row = this.#extent.row ?? this.#rows.add(this.#renewals);
    this.#extent = { ...this.#extent, row };
    return row;
  }

  /** Numbers an entry as a new record, whatever was appended under its id. @returns the log's end then */
  appendAnew(entry: LogEntry, now: number): Position {
    this.#remembered(now).delete(entry.id);
    this.append([entry], now);
    return this.newEnd;
  }

  /** Numbers the entries whose ids are new. */
  append(entries: readonly LogEntry[], now: number): PublishResult[] {
    const { epoch } = this;
    const { records: open } = this.#begin();
    const { last, lastAt } = this.#extent;
    const at = Math.max(now, lastAt); // a clock set back must not reorder the log
    const { results, records } = numberEntries(entries, { epoch, last, at }, this.#remembered(now));
    for (const { validatedBy, seq } of records)
      if (validatedBy !== this.#validated.by) this.#validated = { by: validatedBy, from: seq };
    open.push(...records);
    this.#extent = { ...this.#extent, last: last + records.length, lastAt: at };
    return results;
  }

  /** Erases settled records, see Broker.erase. Call it within a transaction. @returns their number */
  erase(epoch: string, seqs: readonly number[], notices: readonly LogEntry[], now: number): number {
    const { row } = this.#extent;
    const { first, last } = this.bounds(now);
    if (row === null || epoch !== this.epoch) return 0;
    const held = seqs.filter((seq) => seq >= first && seq <= last);
    const erased = held.map((seq) => this.#rows.erase(row, seq)).filter((bytes) => bytes > 0);
    if (erased.length === 0) return 0;
    this.append(notices, now);
    this.#begin().erasedBytes += erased.reduce((sum, bytes) => sum + bytes, 0);
    this.#extent = { ...this.#extent, erased: this.#extent.last };
    return erased.length;
  }

  /** Forgets the ids whose time is over. */
  forgetIds(): void {
    this.#ids?.forget();
  }

  /** Tells if an append is not settled yet. */
  get isOpen(): boolean {
    return this.#open !== null;
  }

  /** Number of records that were appended and are not settled yet. */
  get added(): number {
    return this.#open?.records.length ?? 0;
  }

  /**
   * Writes the appended records and trims the log. Call it within a transaction.
   * @param maxBytes a limit below the log's retention; unlike that, it may cost the newest record too
   * @returns the bytes by which the log grew
   */
  store(now: number, maxBytes = Number.POSITIVE_INFINITY): number {
    const { before, records } = this.#begin();
    const { last, rules } = this.#extent;
    if (rules) return this.#storeByRules(now, rules, maxBytes);
    const lastAt = Math.max(now, this.#extent.lastAt);
    const row = this.hold();
    const { first, bytes } = this.#trim(before, records, lastAt, maxBytes);
    const oldest = Math.min(first, before.last + 1, before.oldest + records.length + PURGE_RECORDS);
    // Deletes first: in a full file the new records take the place of the old.
    if (oldest > before.oldest) this.#rows.purge(row, oldest, lastAt - IDEMPOTENCY_MS);
    if (this.#ids) this.#rows.dropIds(row, this.#ids.forgotten);
    const { erased } = this.#extent;
    this.#rows.insert(row, records, { last, lastAt, bytes, erased, rules });
    this.#extent = { row, first, oldest, last, lastAt, bytes, rowBytes: bytes, erased, rules };
    return bytes - before.rowBytes;
  }

  /** As {@link store}, where types have limits of their own. */
  #storeByRules(now: number, before: RulesState, maxBytes: number): number {
    const { before: former, records, erasedBytes } = this.#begin();
    const { last, erased } = this.#extent;
    const lastAt = Math.max(now, this.#extent.lastAt);
    const row = this.hold();
    const left = former.bytes - erasedBytes;
    // Deletes first: in a full file the new records take the place of the old.
    let { rules, bytes } = this.#ruleRows.trim(row, before, records, left, maxBytes, lastAt);
    if (this.#ids) this.#rows.dropIds(row, this.#ids.forgotten);
    this.#rows.insert(row, records, { last, lastAt, bytes, erased, rules });
    if (this.#ruleRows.isTooMuch(rules, bytes, maxBytes)) {
      ({ rules, bytes } = this.#ruleRows.trim(row, rules, [], bytes, maxBytes, lastAt));
      this.#rows.insert(row, [], { last, lastAt, bytes, erased, rules });
    }
    const first = this.#rows.oldest(row) ?? last + 1;
    this.#extent = { row, first, oldest: first, last, lastAt, bytes, rowBytes: bytes, erased, rules };
    return bytes - former.rowBytes;
  }

  /** Makes the stored records visible, and returns them. */
  settle(): readonly LogRecord[] {
    const records = this.#open?.records ?? [];
    this.#open = null;
    return records;
  }

  /** Undoes the append, because its transaction failed. */
  revert(): void {
    if (!this.#open) return;
    for (const { id } of this.#open.records) this.#ids?.delete(id);
    this.#extent = this.#open.before;
    this.#open = null;
  }

  bounds(now: number): Bounds {
    const { epoch, seq: last } = this.end;
    const { rules, first: oldest } = this.#extent;
    const first = rules ? oldest : this.#firstKept(last, now);
    const range = { epoch, first: Math.min(first, last + 1), last };
    const { erased } = this.#open?.before ?? this.#extent;
    const bounds = erased > 0 ? { ...range, erased } : range;
    return rules ? { ...bounds, cuts: cutsIn(rules) } : bounds;
  }

  read(after: Position, limit: number, now: number): ReadResult {
    const { epoch } = this;
    const bounds = this.bounds(now);
    const from = (gapAfter(after, bounds)?.to ?? after).seq;
    const rows = this.#rows.read(this.#extent, from, bounds.last, limit);
    const { by, from: validFrom } = this.#validated;
    const records = rows.map((row): LogRecord => {
      const record = { ...row, epoch, cursor: formatCursor({ epoch, seq: row.seq }) };
      return by && row.seq >= validFrom && !row.erased ? { ...record, validatedBy: by } : record;
    });
    return pageOf(after, bounds, records);
  }

  /** See Broker.seek. */
  seek(at: number, now: number): Position {
    const { epoch, first, last } = this.bounds(now);
    return { epoch, seq: this.#rows.firstAtOrAfter(this.#extent, at, first, last) - 1 };
  }

  /** The ids whose time is not over. */
  #remembered(now: number): RememberedIds {
    const since = Math.max(now, this.#extent.lastAt) - IDEMPOTENCY_MS;
    this.#ids ??= this.#rows.ids(since, now, this.#extent);
    this.#ids.forget();
    return this.#ids;
  }

  #begin() {
    this.#open ??= { before: this.#extent, records: [], erasedBytes: 0 };
    return this.#open;
  }

  /** The number of the oldest record that stays once the new ones are in, and the bytes of the log then. */
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
    const left = before.bytes - (this.#open?.erasedBytes ?? 0);
    let bytes = left + bytesBetween(before.last + 1, last + 1) - bytesBetween(before.first, first);
    while (bytes > this.#retention.maxBytes && first < last) bytes -= bytesBetween(first, ++first);
    while (bytes > maxBytes && first <= last) bytes -= bytesBetween(first, ++first);
    return { first, bytes };
  }

  /** The number of the oldest record that age and `maxRecords` let stay. @param last number of the newest record */
  #firstKept(last: number, now: number): number {
    const first = Math.max(this.#extent.first, last - this.#retention.maxRecords + 1);
    // Records that are not settled yet cannot be too old.
    return this.#rows.firstAtOrAfter(this.#extent, now - this.#retention.maxAgeMs, first, this.end.seq);
  }
}
