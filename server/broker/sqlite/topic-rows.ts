import type { LogEntry } from '../../../shared/log.ts';
import { type LogRecord, READ_CHARS } from '../broker.ts';
import { RememberedIds } from '../remembered-ids.ts';
import { damaged } from './engine.ts';
import type { LogFile } from './log-file.ts';

export interface RecordRow {
  readonly seq: number;
  readonly at: number;
  readonly type: string;
  /** As JSON. */
  readonly id: string;
  readonly json: string;
  readonly meta: string | null;
  readonly version: number;
  readonly schema: string | null;
}

/** A record as the file has it, without its place. */
type StoredRecord = LogEntry & Pick<LogRecord, 'at' | 'erased'>;

/** The beginning and end of a topic's log. */
export interface Extent {
  /** The topic's row; null before the first record. */
  readonly row: number | null;
  /** Number of the oldest record that retention keeps. */
  readonly first: number;
  /** Number of the oldest record that is still in the file. */
  readonly oldest: number;
  readonly last: number;
  readonly lastAt: number;
  /** Bytes of the records that retention keeps. */
  readonly bytes: number;
  /** Bytes as the topic's row has them. */
  readonly rowBytes: number;
  /** See Bounds.erased; 0 before the first. */
  readonly erased: number;
}

/** A row as the entry that it was, and its time. */
export function toEntry({ at, type, id, json, meta, version, schema }: RecordRow): StoredRecord {
  const told = {
    ...(meta !== null && { meta }),
    ...(version > 1 && { version }),
    ...(schema !== null && { schema }),
    ...(json === '' && { erased: true as const }),
  };
  return { type, id: JSON.parse(id), json, ...told, at };
}

/** One topic's rows in the file. `row` is always the id of its row in `topics`. */
export class TopicRows {
  readonly #file: LogFile;
  readonly #name: string;

  constructor(file: LogFile, name: string) {
    this.#file = file;
    this.#name = name;
  }

  /** Reads the extent, and the renewals of its epoch before it was first published to; null if it never was. */
  load(): Extent & { readonly renewals: number | null } {
    const { topic, oldest } = this.#file.statements;
    const found:
      | { row: number; last: number; lastAt: number; rowBytes: number; erased: number; renewals: number }
      | undefined = topic.get(this.#name);
    if (!found) {
      const empty = { row: null, first: 1, oldest: 1, last: 0, lastAt: 0, bytes: 0, rowBytes: 0, erased: 0 };
      return { ...empty, renewals: null };
    }
    const record: { seq: number } | undefined = oldest.get(found.row);
    const first = record?.seq ?? found.last + 1;
    return { ...found, first, oldest: first, bytes: this.bytes(found.row, first, found.last + 1) };
  }

  /** Adds the topic's row, and returns its id. */
  add(renewals: number): number {
    return Number(this.#file.statements.addTopic.run(this.#name, renewals).lastInsertRowid);
  }

  insert(
    row: number,
    records: readonly LogRecord[],
    end: Pick<Extent, 'last' | 'lastAt' | 'bytes' | 'erased'>,
  ): void {
    const { insert, setEnd } = this.#file.statements;
    for (const { seq, at, type, id, json, meta, version, schema } of records) {
      // The id as JSON: SQLite's text is UTF-8, which cannot hold half a surrogate pair.
      insert.run(row, seq, at, type, JSON.stringify(id), json, meta ?? null, version ?? 1, schema ?? null);
    }
    setEnd.run(end.last, end.lastAt, end.bytes, end.erased, row);
  }

  /** The records after `from` up to and including `to`; they end once they come to READ_CHARS. */
  read(row: number | null, from: number, to: number): StoredRecord[] {
    const records: StoredRecord[] = [];
    const rows: Iterator<RecordRow> = this.#file.statements.read.iterate(row, from, to);
    for (let chars = 0; from + records.length < to && chars < READ_CHARS; ) {
      const expected = from + records.length + 1;
      const { value, done } = rows.next();
      if (done || value.seq !== expected) throw this.#missing(expected);
      records.push(toEntry(value));
      chars += value.json.length;
    }
    rows.return?.();
    return records;
  }

  /** Takes the content of a record out of the file. @returns its bytes; 0 if there is none */
  erase(row: number, seq: number): number {
    const bytes = this.bytes(row, seq, seq + 1);
    if (bytes > 0) this.#file.statements.erase.run(row, seq);
    return bytes;
  }

  /** Total bytes of the records in [from, until). */
  bytes(row: number | null, from: number, until: number): number {
    if (from >= until) return 0;
    const found: { bytes: number } | undefined = this.#file.statements.bytes.get(row, from, until);
    return found?.bytes ?? 0;
  }

  /** The number of the first record in [from, to] appended at or after a time; `to + 1` if there is none. */
  firstAtOrAfter(row: number | null, time: number, from: number, to: number): number {
    // Most often it is the first one.
    if (from > to || this.#timeOf(row, from) >= time) return from;
    let [low, high] = [from + 1, to + 1];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.#timeOf(row, middle) >= time) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Deletes the records before number `until`, and keeps the ids of those appended after the time `since`. */
  purge(row: number, until: number, since: number): void {
    const { youngIds, purge, keepIds } = this.#file.statements;
    const young: { ids: string } | undefined = youngIds.get(row, until, since);
    purge.run(row, until);
    if (young && young.ids !== '[]') keepIds.run(row, until - 1, young.ids);
  }

  /** The ids of all records appended after the time `since`. @param now the time of day; a record from later has age 0 */
  ids(since: number, now: number, { row, oldest, last }: Extent): RememberedIds {
    const ids = new RememberedIds();
    const age = (at: number): number => Math.max(0, now - at);
    const { keptIds, recordIds } = this.#file.statements;
    for (const kept of keptIds.all<{ ids: string }>(row)) {
      for (const [id, seq, at] of JSON.parse(kept.ids)) if (at > since) ids.add(JSON.parse(id), seq, age(at));
    }
    const from = this.firstAtOrAfter(row, since + 1, oldest, last);
    for (const { id, seq, at } of recordIds.all<{ id: string; seq: number; at: number }>(row, from))
      ids.add(JSON.parse(id), seq, age(at));
    return ids;
  }

  /** Drops the kept ids of deleted records up to and including number `seq`. */
  dropIds(row: number, seq: number): void {
    this.#file.statements.dropIds.run(row, seq);
  }

  #timeOf(row: number | null, seq: number): number {
    const found: { at: number } | undefined = this.#file.statements.at.get(row, seq);
    if (!found) throw this.#missing(seq);
    return found.at;
  }

  #missing(seq: number): Error {
    return damaged(this.#file.path, `record ${seq} of topic ${this.#name} is missing`);
  }
}
