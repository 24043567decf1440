import { existsSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { formatCursor } from '../../../../shared/cursor.ts';
import type { KeptSchema, LogRecord } from '../../broker.ts';
import { LogUnavailable } from '../../broker.ts';
import { type Database, loadSqlite, unavailable } from '../file/engine.ts';
import { isNewFile } from '../file/schema.ts';
import { type RecordRow, toEntry } from './topic-rows.ts';

/** Records that are read in one turn of the event loop. */
const PAGE_RECORDS = 500;

/** The version of the tables from which on records have a version. */
const WITH_VERSIONS = 3;

/**
 * A log file as it lies, for whoever wants to know what is in it. Nothing is written: a file of an earlier version stays
 * one. A server that has the file open keeps it to itself.
 */
export class StoredLog {
  readonly #path: string;
  readonly #db: Database;
  readonly #hasVersions: boolean;

  private constructor(path: string, db: Database) {
    this.#path = path;
    this.#db = db;
    const found: { user_version: number } | undefined = db.prepare('PRAGMA user_version').get();
    this.#hasVersions = (found?.user_version ?? 0) >= WITH_VERSIONS;
  }

  /** @throws EventsError UNAVAILABLE when it cannot be read, or is no log */
  static async open(path: string): Promise<StoredLog> {
    if (!existsSync(path)) throw new LogUnavailable(`${path}: there is no such file.`);
    const { DatabaseSync } = await loadSqlite();
    let db: Database | null = null;
    try {
      db = new DatabaseSync(path, { readOnly: true });
      if (isNewFile(db)) throw new Error('it is empty; name the file of a log');
      return new StoredLog(path, db);
    } catch (error) {
      db?.close();
      throw unavailable(path, error);
    }
  }

  /** See Broker.keepSchemas. */
  schemas(): KeptSchema[] {
    if (!this.#hasVersions) return [];
    return this.#db.prepare('SELECT type, version, fingerprint, json FROM schemas ORDER BY rowid').all();
  }

  /** Number of records in it. */
  count(): number {
    const found: { count: number } | undefined = this.#db
      .prepare('SELECT count(*) AS count FROM records')
      .get();
    return found?.count ?? 0;
  }

  /** All records, topic by topic. Their epochs are left out. @throws EventsError UNAVAILABLE */
  async *records(): AsyncGenerator<{ topic: string; records: LogRecord[] }> {
    const newer = this.#hasVersions ? 'version, schema' : '1 AS version, NULL AS schema';
    const statement = this.#db.prepare(`
      SELECT seq, at, type, records.id, json, meta, ${newer} FROM records WHERE topic = ? AND seq > ?
      ORDER BY seq LIMIT ${PAGE_RECORDS}`);
    try {
      const topics: { id: number; name: string }[] = this.#db
        .prepare('SELECT id, name FROM topics ORDER BY name')
        .all();
      for (const { id, name } of topics) {
        for (let after = 0; ; ) {
          const rows: RecordRow[] = statement.all(id, after);
          if (rows.length === 0) break;
          yield { topic: name, records: rows.map(toRecord) };
          after = rows.at(-1)?.seq ?? after;
          await setImmediate();
        }
      }
    } catch (error) {
      throw unavailable(this.#path, error);
    }
  }

  async close(): Promise<void> {
    this.#db.close();
  }
}

function toRecord(row: RecordRow): LogRecord {
  const place = { epoch: '', seq: row.seq };
  return { ...toEntry(row), ...place, cursor: formatCursor(place) };
}
