import { formatCursor, type Position } from '../../../shared/cursor.ts';
import type { LogEntry, PublishResult } from '../../../shared/log.ts';
import { type Bounds, IDEMPOTENCY_MS, type LogRecord, type ReadResult, type Retention } from '../broker.ts';
import { gapAfter } from '../gaps.ts';
import { damaged } from './failures.ts';
import type { LogFile } from './log-file.ts';
import { RememberedIds } from './remembered-ids.ts';

/** Records deleted with one transaction beyond as many as it adds: a log much too long is trimmed bit by bit. */
const PURGE_RECORDS = 1000;

/** Where a topic's log begins and ends. */
interface Extent {
  /** Its row; null before the first record. */
  readonly row: number | null;
  /** The oldest record that retention keeps. */
  readonly first: number;
  /** The oldest record that is still in the file. */
  readonly oldest: number;
  readonly last: number;
  readonly lastAt: number;
}

/** The log of one topic. What is appended is not shown to anybody before `settle`. */
export class TopicLog {
  readonly name: string;
  readonly epoch: string;
  readonly #file: LogFile;
  readonly #retention: Required<Retention>;
  #extent: Extent;
  /** Null until the first append: whoever only reads needs none. */
  #ids: RememberedIds | null = null;
  /** What `revert` goes back to; null when nothing waits for `settle`. */
  #before: { readonly extent: Extent; readonly records: LogRecord[] } | null = null;

  constructor(name: string, epoch: string, file: LogFile, retention: Required<Retention>) {
    this.name = name;
    this.epoch = epoch;
    this.#file = file;
    this.#retention = retention;
    this.#extent = loadExtent(name, file);
  }

  /** False for a topic that is only known by name. */
  get isStored(): boolean {
    return this.#extent.row !== null;
  }

  /** The position after the last record shown. */
  get end(): Position {
    return { epoch: this.epoch, seq: (this.#before?.extent ?? this.#extent).last };
  }

  /** Within a transaction: stores the entries whose ids are new, and trims. */
  append(entries: readonly LogEntry[], now: number): PublishResult[] {
    this.#before ??= { extent: this.#extent, records: [] };
    const row = this.#extent.row ?? this.#addRow();
    const at = Math.max(now, this.#extent.lastAt); // a clock set back must not reorder the log
    this.#ids ??= this.#loadIds(row, at);
    const forgotten = this.#ids.forget(at);
    if (forgotten > 0) this.#file.statements.dropIds.run(row, forgotten);
    const records: LogRecord[] = [];
    const ids = this.#ids;
    let last = this.#extent.last;
    const results = entries.map((entry): PublishResult => {
      const stored = ids.seqOf(entry.id);
      if (stored !== undefined) {
        return { cursor: formatCursor({ epoch: this.epoch, seq: stored }), duplicate: true };
      }
      const position = { epoch: this.epoch, seq: ++last };
      const record = { ...entry, ...position, at, cursor: formatCursor(position) };
      records.push(record);
      this.#before?.records.push(record);
      ids.add(entry.id, last, at);
      return { cursor: record.cursor, duplicate: false };
    });
    // Trimmed first: in a full file the new records take the place of the old.
    const first = this.#firstKept(last, at);
    const oldest = this.#purge(row, Math.min(first, this.#extent.last + 1), records.length, at);
    this.#extent = { row, first, oldest, last, lastAt: at };
    this.#insert(row, records);
    return results;
  }

  /** Shows what was appended since the last call, and returns it. */
  settle(): readonly LogRecord[] {
    const records = this.#before?.records ?? [];
    this.#before = null;
    return records;
  }

  /** Forgets what was appended since the last `settle`: its transaction failed. */
  revert(): void {
    if (!this.#before) return;
    for (const { id } of this.#before.records) this.#ids?.delete(id);
    this.#extent = this.#before.extent;
    this.#before = null;
  }

  bounds(now: number): Bounds {
    const { epoch, seq: last } = this.end;
    return { epoch, first: Math.min(this.#firstKept(last, now), last + 1), last };
  }

  read(after: Position, limit: number, now: number): ReadResult {
    const bounds = this.bounds(now);
    const gap = gapAfter(after, bounds);
    const from = (gap?.to ?? after).seq;
    const count = Math.min(limit, bounds.last - from);
    const rows = this.#file.statements.read.all(this.#extent.row, from, from + count);
    const records = rows.map((row, index): LogRecord => {
      const { seq, at, type, id, json, meta } = row;
      if (seq !== from + 1 + index) throw this.#missing(from + 1 + index);
      const cursor = formatCursor({ epoch: this.epoch, seq });
      const entry = { type, id: JSON.parse(id), json, ...(meta !== null && { meta }) };
      return { ...entry, epoch: this.epoch, seq, cursor, at };
    });
    if (records.length < count) throw this.#missing(from + 1 + records.length);
    return { gap, records, bounds };
  }

  /** See Broker.seek. */
  seek(at: number, now: number): Position {
    const { epoch, first, last } = this.bounds(now);
    return { epoch, seq: this.#firstAtOrAfter(at, first, last) - 1 };
  }

  /** The oldest record that is kept if `last` is the newest. */
  #firstKept(last: number, now: number): number {
    const first = Math.max(this.#extent.first, last - this.#retention.maxRecords + 1);
    // Only what was stored before can be too old.
    const newest = Math.min(last, this.#extent.last);
    return Math.max(first, this.#firstAtOrAfter(now - this.#retention.maxAgeMs, first, newest));
  }

  /** The first of the records `from`…`to` that was appended at or after a time; `to + 1` if there is none. */
  #firstAtOrAfter(time: number, from: number, to: number): number {
    // Most often it is the first of all.
    if (from > to || this.#timeOf(from) >= time) return from;
    let [low, high] = [from + 1, to + 1];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.#timeOf(middle) >= time) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #timeOf(seq: number): number {
    const row: { at: number } | undefined = this.#file.statements.at.get(this.#extent.row, seq);
    if (!row) throw this.#missing(seq);
    return row.at;
  }

  #missing(seq: number): Error {
    return damaged(this.#file.path, `record ${seq} of topic ${this.name} is missing`);
  }

  #addRow(): number {
    return Number(this.#file.statements.addTopic.run(this.name).lastInsertRowid);
  }

  #insert(row: number, records: readonly LogRecord[]): void {
    const { insert, setEnd } = this.#file.statements;
    for (const { seq, at, type, id, json, meta } of records) {
      // As JSON: SQLite's text is UTF-8, in which half a surrogate pair has no place.
      insert.run(row, seq, at, type, JSON.stringify(id), json, meta ?? null);
    }
    setEnd.run(this.#extent.last, this.#extent.lastAt, row);
  }

  /** Deletes records before `first`, not too many at once; returns what is then the oldest. */
  #purge(row: number, first: number, added: number, now: number): number {
    const { oldest } = this.#extent;
    const until = Math.min(first, oldest + added + PURGE_RECORDS);
    if (until <= oldest) return oldest;
    const { purgedIds, purge, keepId } = this.#file.statements;
    const ids = purgedIds.all(row, until, now - IDEMPOTENCY_MS);
    purge.run(row, until);
    for (const { seq, at, id } of ids) keepId.run(row, seq, at, id);
    return until;
  }

  #loadIds(row: number, now: number): RememberedIds {
    const ids = new RememberedIds();
    const { trimmedIds, recordIds } = this.#file.statements;
    const since = now - IDEMPOTENCY_MS;
    const { oldest, last } = this.#extent;
    const rows = [
      ...trimmedIds.all(row, since),
      ...recordIds.all(row, this.#firstAtOrAfter(since + 1, oldest, last)),
    ];
    for (const { id, seq, at } of rows) ids.add(JSON.parse(id), seq, at);
    return ids;
  }
}

function loadExtent(name: string, { statements }: LogFile): Extent {
  const topic: { id: number; last: number; lastAt: number } | undefined = statements.topic.get(name);
  if (!topic) return { row: null, first: 1, oldest: 1, last: 0, lastAt: 0 };
  const { id: row, last, lastAt } = topic;
  const record: { seq: number } | undefined = statements.oldest.get(row);
  const oldest = record?.seq ?? last + 1;
  return { row, first: oldest, oldest, last, lastAt };
}
