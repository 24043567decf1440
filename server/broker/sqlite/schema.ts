import type { Database } from './engine.ts';

/** "psye": tells a log from other people's databases. */
export const APPLICATION_ID = 0x70737965;
/** Of the tables below. A log of a later version is refused. */
export const SCHEMA_VERSION = 1;

export const SCHEMA = `
  -- One row: what the next opening must know of the last.
  CREATE TABLE state (
    epoch TEXT NOT NULL,
    mark TEXT NOT NULL,
    inode TEXT NOT NULL,
    boot TEXT NOT NULL,
    durability TEXT NOT NULL,
    clean INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE topics (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    last INTEGER NOT NULL,
    last_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE records (
    topic INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    type TEXT NOT NULL,
    id TEXT NOT NULL,
    json TEXT NOT NULL,
    meta TEXT,
    PRIMARY KEY (topic, seq)
  ) STRICT, WITHOUT ROWID;
  -- Idempotency keys that outlive their trimmed records.
  CREATE TABLE trimmed_ids (
    topic INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    id TEXT NOT NULL,
    PRIMARY KEY (topic, seq)
  ) STRICT, WITHOUT ROWID;
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${SCHEMA_VERSION};
`;

/** Every statement that runs after the opening. */
export type Statements = ReturnType<typeof prepareStatements>;

export function prepareStatements(db: Database) {
  return {
    begin: db.prepare('BEGIN IMMEDIATE'),
    commit: db.prepare('COMMIT'),
    rollback: db.prepare('ROLLBACK'),
    topic: db.prepare('SELECT id, last, last_at AS lastAt FROM topics WHERE name = ?'),
    addTopic: db.prepare('INSERT INTO topics (name, last, last_at) VALUES (?, 0, 0)'),
    setEnd: db.prepare('UPDATE topics SET last = ?, last_at = ? WHERE id = ?'),
    /** A topic whose oldest record is older than a time. */
    agedTopic: db.prepare(`
      SELECT name FROM topics
      WHERE (SELECT at FROM records WHERE topic = topics.id ORDER BY seq LIMIT 1) < ? LIMIT 1`),
    insert: db.prepare(
      'INSERT INTO records (topic, seq, at, type, id, json, meta) VALUES (?, ?, ?, ?, ?, ?, ?)',
    ),
    read: db.prepare(`
      SELECT seq, at, type, id, json, meta FROM records
      WHERE topic = ? AND seq > ? AND seq <= ? ORDER BY seq LIMIT ?`),
    oldest: db.prepare('SELECT seq FROM records WHERE topic = ? ORDER BY seq LIMIT 1'),
    at: db.prepare('SELECT at FROM records WHERE topic = ? AND seq = ?'),
    purge: db.prepare('DELETE FROM records WHERE topic = ? AND seq < ?'),
    /** The ids of records about to be purged, of those that are younger than a time. */
    keepIds: db.prepare(`
      INSERT INTO trimmed_ids (topic, seq, at, id)
      SELECT topic, seq, at, id FROM records WHERE topic = ? AND seq < ? AND at > ?`),
    dropIds: db.prepare('DELETE FROM trimmed_ids WHERE topic = ? AND seq <= ?'),
    trimmedIds: db.prepare('SELECT id, seq, at FROM trimmed_ids WHERE topic = ? AND at > ? ORDER BY seq'),
    recordIds: db.prepare('SELECT id, seq, at FROM records WHERE topic = ? AND seq >= ? ORDER BY seq'),
  };
}
