import type { LogEntry } from '../../../../shared/log.ts';
import { type LogRecord, READ_CHARS } from '../../broker.ts';
import { RememberedIds } from '../../remembered-ids.ts';
import { lastCut } from '../../retention/cuts.ts';
import { damaged } from '../file/engine.ts';
import type { LogFile } from '../file/log-file.ts';
import { cutsIn, type RulesState, rulesText } from './rule-rows.ts';

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
type StoredRecord = LogEntry & Pick<LogRecord, 'seq' | 'at' | 'erased'>;

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
  /** Limits of types; null where there never was one. */
  readonly rules: RulesState | null;
}

/** A row as the entry that it was, and its time. */
export function toEntry({ seq, at, type, id, json, meta, version, schema }: RecordRow): StoredRecord {
  const told = {
    ...(meta !== null && { meta }),
    ...(version > 1 && { version }),
    ...(schema !== null && { schema }),
    ...(json === '' && { erased: true as const }),
  };
  return { type, id: JSON.parse(id), json, ...told, seq, at };
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
  load(): Omit<Extent, 'rules'> & { readonly rules: string; readonly renewals: number | null } {
    const { topic, oldest } = this.#file.statements;
    const found:
      | {
          row: number;
          last: number;
          lastAt: number;
          rowBytes: number;
          erased: number;
          rules: string;
          renewals: number;
        }
      | undefined = topic.get(this.#name);
    if (!found) {
      const empty = { row: null, first: 1, oldest: 1, last: 0, lastAt: 0, bytes: 0, rowBytes: 0, erased: 0 };
      return { ...empty, rules: '', renewals: null };
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
    { last, lastAt, bytes, erased, rules }: Pick<Extent, 'last' | 'lastAt' | 'bytes' | 'erased' | 'rules'>,
  ): void {
    const { insert, setEnd } = this.#file.statements;
    for (const { seq, at, type, id, json, meta, version, schema } of records) {
      // The id as JSON: SQLite's text is UTF-8, which cannot hold half a surrogate pair.
      insert.run(row, seq, at, type, JSON.stringify(id), json, meta ?? null, version ?? 1, schema ?? null);
    }
    setEnd.run(last, lastAt, bytes, erased, rules ? rulesText(rules) : '', rules ? rules.due : 0, row);
  }

  /** Up to `limit` records after `from` up to and including `to`; they end once they come to READ_CHARS. */
  read({ row, rules }: Extent, from: number, to: number, limit: number): StoredRecord[] {
    const records: StoredRecord[] = [];
    const rows: Iterator<RecordRow> = this.#file.statements.read.iterate(row, from, to);
    let reached = from;
    for (let chars = 0; reached < to && records.length < limit && chars < READ_CHARS; ) {
      const { value, done } = rows.next();
      this.#checkHole(rules, reached + 1, done ? to + 1 : value.seq);
      if (done) break;
      reached = value.seq;
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

  /**
   * The number of the first record in [from, to] appended at or after a time, or of the hole before it; `to + 1` if there is
   * none.
   */
  firstAtOrAfter(extent: Extent, time: number, from: number, to: number): number {
    if (from > to) return from;
    const first = this.#next(extent, from, to);
    if (first.at >= time) return first.seq; // as most often
    let [low, high] = [first.seq + 1, to + 1];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const { seq, at } = this.#next(extent, middle, to);
      if (at >= time) high = middle;
      else low = seq + 1;
    }
    return this.#next(extent, low, to).seq > to ? to + 1 : low;
  }

  /** The number of the oldest record; undefined if there is none. */
  oldest(row: number): number | undefined {
    return this.#file.statements.oldest.get<{ seq: number }>(row)?.seq;
  }

  /** Deletes the records before number `until`, and keeps the ids of those appended after the time `since`. */
  purge(row: number, until: number, since: number): void {
    const { youngIds, purge, keepIds } = this.#file.statements;
    const young: { ids: string } | undefined = youngIds.get(row, until, since);
    purge.run(row, until);
    if (young && young.ids !== '[]') keepIds.run(row, until - 1, young.ids);
  }

  /** The ids of all records appended after the time `since`. @param now the time of day; a record from later has age 0 */
  ids(since: number, now: number, extent: Extent): RememberedIds {
    const { row, oldest, last } = extent;
    const { keptIds, recordIds } = this.#file.statements;
    const kept = keptIds
      .all<{ ids: string }>(row)
      .flatMap(({ ids }): [id: string, seq: number, at: number][] => JSON.parse(ids))
      .map(([id, seq, at]) => ({ id, seq, at }));
    const from = this.firstAtOrAfter(extent, since + 1, oldest, last);
    const held = recordIds.all<{ id: string; seq: number; at: number }>(row, from);
    const ids = new RememberedIds();
    for (const { id, seq, at } of [...kept, ...held].sort((a, b) => a.seq - b.seq)) {
      if (at > since) ids.add(JSON.parse(id), seq, Math.max(0, now - at));
    }
    return ids;
  }

  /** Drops the kept ids of deleted records up to and including number `seq`. */
  dropIds(row: number, seq: number): void {
    this.#file.statements.dropIds.run(row, seq);
  }

  /** The first record in [from, to]; one right after that, which is later than all, if there is none. */
  #next({ row, rules }: Extent, from: number, to: number): { seq: number; at: number } {
    const found = this.#file.statements.next.get<{ seq: number; at: number }>(row, from);
    const next = found && found.seq <= to ? found : { seq: to + 1, at: Number.POSITIVE_INFINITY };
    this.#checkHole(rules, from, next.seq);
    return next;
  }

  /** @throws EventsError UNAVAILABLE if records in [from, until) are missing, and no rule has taken them out */
  #checkHole(rules: RulesState | null, from: number, until: number): void {
    if (from === until || (rules && until - 1 <= lastCut(cutsIn(rules)))) return;
    const what = `record ${from} of topic ${this.#name} is missing`;
    throw damaged(this.#file.path, what);
  }
}
