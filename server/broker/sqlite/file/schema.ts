import { messageOf } from '../../../../shared/errors.ts';
import type { Database } from './engine.ts';
import { OPEN_TABLES, prepareOpenStatements } from './open-tables.ts';
import type { LogState } from './trust.ts';

/** "psye": tells a log from the databases of other programs. */
const APPLICATION_ID = 0x70737965;
/** Version of the tables below. A log of a later version is refused. */
const SCHEMA_VERSION = 4;

/** Columns and tables that are new in version 3. */
const VERSIONS = `
  ALTER TABLE topics ADD COLUMN erased INTEGER NOT NULL DEFAULT 0; -- see Bounds.erased; 0 before the first
  ALTER TABLE topics ADD COLUMN rules TEXT NOT NULL DEFAULT ''; -- limits of types, as JSON, see rule-rows.ts
  ALTER TABLE topics ADD COLUMN due INTEGER DEFAULT 0; -- time at which one of them next takes out a record; NULL: never
  ALTER TABLE records ADD COLUMN version INTEGER NOT NULL DEFAULT 1; -- of the event's data
  ALTER TABLE records ADD COLUMN schema TEXT; -- see LogEntry.schema
  -- Schemas that records were written with, see Broker.keepSchemas, in the order in which they came.
  CREATE TABLE schemas (
    type TEXT NOT NULL,
    version INTEGER NOT NULL,
    fingerprint TEXT NOT NULL,
    json TEXT NOT NULL,
    UNIQUE (type, version, fingerprint)
  ) STRICT;
`;

/** Makes the newest version of the one before. */
const NEWEST = `${OPEN_TABLES} PRAGMA user_version = ${SCHEMA_VERSION};`;

/** Tables and indexes that are new in version 2. */
const FORGOTTEN = `
  CREATE INDEX topics_by_bytes ON topics (bytes);
  -- Topics that were forgotten, by epochSlot: how often the slot's epochs were renewed, see TopicEpochs, and the number of
  -- records that had been appended to those topics.
  CREATE TABLE forgotten (
    slot INTEGER PRIMARY KEY,
    renewals INTEGER NOT NULL,
    appended INTEGER NOT NULL
  ) STRICT;
`;

const CREATE = `
  -- One row: the state in which the log was left, see LogState.
  CREATE TABLE state (
    row INTEGER PRIMARY KEY CHECK (row = 1),
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
    last_at INTEGER NOT NULL,
    bytes INTEGER NOT NULL DEFAULT 0, -- of the records that retention keeps
    renewals INTEGER NOT NULL DEFAULT 0 -- of its epoch, before it was first published to
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
  -- Idempotency keys that outlive their trimmed records, as JSON: [[id, seq, at], …], each id as in records.
  CREATE TABLE trimmed_ids (
    topic INTEGER NOT NULL,
    seq INTEGER NOT NULL, -- of the last
    ids TEXT NOT NULL,
    PRIMARY KEY (topic, seq)
  ) STRICT, WITHOUT ROWID;
  PRAGMA application_id = ${APPLICATION_ID};
  ${FORGOTTEN}
  ${VERSIONS}
  ${NEWEST}
`;

/** Makes version 2 of version 1. */
const UPGRADE = `
  ALTER TABLE topics ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE topics ADD COLUMN renewals INTEGER NOT NULL DEFAULT 0;
  UPDATE topics SET bytes = (
    SELECT COALESCE(SUM(octet_length(json) + COALESCE(octet_length(meta), 0)), 0)
    FROM records WHERE topic = topics.id);
  ${FORGOTTEN}
`;

/**
 * Refuses a log of a later version, through a connection that can only read. Any other would tidy up what a killed process
 * left when it is closed, and in the file of a later version nothing may change.
 * @throws Error if it is one
 */
export function refuseLater(db: Database): void {
  try {
    // `exec`, since a prepared statement can hold a connection open after its end. It yields nothing but errors, so a log
    // of a later version makes one.
    db.exec(`
      SELECT json('later, which is no JSON') FROM pragma_application_id, pragma_user_version
      WHERE application_id = ${APPLICATION_ID} AND user_version > ${SCHEMA_VERSION}`);
  } catch (error) {
    if (messageOf(error).includes('malformed JSON')) throw new Error(LATER);
    // Whatever else is wrong, the opening proper says it.
  }
}
const LATER = 'it was written by a later version of psyche-events; run that version, or name another file';

/** Tells if a file is empty. @throws Error if it holds something else than a log that this version can read */
export function isNewFile(db: Database): boolean {
  if (isLog(db)) return false;
  if (pragma(db, 'schema_version') === 0) return true;
  throw new Error(
    pragma(db, 'application_id') === APPLICATION_ID
      ? LATER
      : 'it is the database of another program; name another file',
  );
}

/** Tells if a file is a log this version can read. */
export function isLog(db: Database): boolean {
  const version = Number(pragma(db, 'user_version'));
  return pragma(db, 'application_id') === APPLICATION_ID && version <= SCHEMA_VERSION;
}

/** To be called within a transaction. */
export function createTables(db: Database): void {
  db.exec(CREATE);
}

/** Upgrades a log of an earlier version. */
export function upgradeTables(db: Database): void {
  if (!isLog(db)) return;
  const version = Number(pragma(db, 'user_version'));
  if (version >= SCHEMA_VERSION) return;
  db.exec(`BEGIN IMMEDIATE; ${version < 2 ? UPGRADE : ''} ${version < 3 ? VERSIONS : ''} ${NEWEST} COMMIT`);
}

/** Null if the creation of the log was never finished. */
export function loadState(db: Database): LogState | null {
  return db.prepare('SELECT epoch, mark, inode, boot, durability, clean FROM state').get() ?? null;
}

export function saveState(db: Database, { epoch, mark, inode, boot, durability, clean }: LogState): void {
  db.prepare(
    'REPLACE INTO state (row, epoch, mark, inode, boot, durability, clean) VALUES (1, ?, ?, ?, ?, ?, ?)',
  ).run(epoch, mark, inode, boot, durability, clean);
}

/** Number of records that were ever appended, to all topics. */
export function countAppended(db: Database): number {
  const found: { count: number } | undefined = db
    .prepare(`
      SELECT (SELECT COALESCE(SUM(last), 0) FROM topics)
           + (SELECT COALESCE(SUM(appended), 0) FROM forgotten) AS count`)
    .get();
  return found?.count ?? 0;
}

/** The first fault that SQLite finds in the file, or null. Reads all of it. */
export function findDamage(db: Database): string | null {
  const result = pragma(db, 'quick_check(1)');
  return result === 'ok' ? null : String(result);
}

function pragma(db: Database, name: string): unknown {
  return Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0];
}

/** A record that is about to be taken out. */
const ROW = 'seq, at, type, id, octet_length(json) + COALESCE(octet_length(meta), 0) AS bytes';

/** All statements that run after the opening. */
export type Statements = ReturnType<typeof prepareStatements>;

export function prepareStatements(db: Database) {
  return {
    ...prepareOpenStatements(db),
    begin: db.prepare('BEGIN IMMEDIATE'),
    commit: db.prepare('COMMIT'),
    topic: db.prepare(
      'SELECT id AS row, last, last_at AS lastAt, bytes AS rowBytes, erased, rules, renewals FROM topics WHERE name = ?',
    ),
    addTopic: db.prepare('INSERT INTO topics (name, last, last_at, renewals) VALUES (?, 0, 0, ?)'),
    setEnd: db.prepare(
      'UPDATE topics SET last = ?, last_at = ?, bytes = ?, erased = ?, rules = ?, due = ? WHERE id = ?',
    ),
    heldTopics: db.prepare(
      'SELECT name FROM topics WHERE EXISTS (SELECT 1 FROM records WHERE topic = topics.id)',
    ),
    /** Topics whose oldest record is older than a time. */
    agedTopics: db.prepare(`
      SELECT name FROM topics
      WHERE (SELECT at FROM records WHERE topic = topics.id ORDER BY seq LIMIT 1) < ? LIMIT ?`),
    dueTopics: db.prepare('SELECT name FROM topics WHERE due <= ? LIMIT ?'),
    /** Topics without a record are not due. */
    allAreDue: db.prepare('UPDATE topics SET due = 0 WHERE due > 0'),
    totalBytes: db.prepare('SELECT COALESCE(SUM(bytes), 0) AS bytes FROM topics'),
    /** The topics that take the most, without the system's own: clients cannot fill those. */
    largestTopics: db.prepare(`
      SELECT name, bytes FROM topics WHERE bytes > 0 AND name NOT GLOB '_*' ORDER BY bytes DESC LIMIT ?`),
    /** Topics without a record and an open event, last written to before a time; skips the latest ones by OFFSET. */
    emptyTopics: db.prepare(`
      SELECT id AS row, name, last FROM topics
      WHERE bytes = 0 AND last_at < ? AND NOT EXISTS (SELECT 1 FROM records WHERE topic = topics.id)
        AND NOT EXISTS (SELECT 1 FROM open_events WHERE topic = topics.id)
      ORDER BY last_at DESC, id DESC LIMIT ? OFFSET ?`),
    forgetTopic: db.prepare('DELETE FROM topics WHERE id = ?'),
    forgetIds: db.prepare('DELETE FROM trimmed_ids WHERE topic = ?'),
    renew: db.prepare(`
      INSERT INTO forgotten (slot, renewals, appended) VALUES (?, 1, ?)
      ON CONFLICT (slot) DO UPDATE SET renewals = renewals + 1, appended = appended + excluded.appended`),
    renewals: db.prepare('SELECT slot, renewals FROM forgotten'),
    insert: db.prepare(
      'INSERT INTO records (topic, seq, at, type, id, json, meta, version, schema) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
    ),
    read: db.prepare(`
      SELECT seq, at, type, id, json, meta, version, schema FROM records
      WHERE topic = ? AND seq > ? AND seq <= ? ORDER BY seq`),
    oldest: db.prepare('SELECT seq FROM records WHERE topic = ? ORDER BY seq LIMIT 1'),
    /** The first record at or after a number. */
    next: db.prepare('SELECT seq, at FROM records WHERE topic = ? AND seq >= ? ORDER BY seq LIMIT 1'),
    bytes: db.prepare(`
      SELECT COALESCE(SUM(octet_length(json) + COALESCE(octet_length(meta), 0)), 0) AS bytes
      FROM records WHERE topic = ? AND seq >= ? AND seq < ?`),
    oldestRow: db.prepare(`SELECT ${ROW} FROM records WHERE topic = ? ORDER BY seq LIMIT 1`),
    /** Records after a number, of some types, or with 0 of all but those. */
    oldestOf: db.prepare(`
      SELECT ${ROW} FROM records
      WHERE topic = ? AND seq > ? AND type IN (SELECT value FROM json_each(?)) = ? ORDER BY seq`),
    deleteRecord: db.prepare('DELETE FROM records WHERE topic = ? AND seq = ?'),
    countByType: db.prepare('SELECT type, COUNT(*) AS count FROM records WHERE topic = ? GROUP BY type'),
    /** Records without JSON are erased ones: no event is the empty text. */
    erase: db.prepare("UPDATE records SET json = '', meta = NULL WHERE topic = ? AND seq = ?"),
    purge: db.prepare('DELETE FROM records WHERE topic = ? AND seq < ?'),
    /** The ids of records that are about to be purged and are younger than a time. */
    youngIds: db.prepare(`
      SELECT json_group_array(json_array(id, seq, at)) AS ids FROM records
      WHERE topic = ? AND seq < ? AND at > ?`),
    keepIds: db.prepare('INSERT INTO trimmed_ids (topic, seq, ids) VALUES (?, ?, ?)'),
    keptIds: db.prepare('SELECT ids FROM trimmed_ids WHERE topic = ? ORDER BY seq'),
    dropIds: db.prepare('DELETE FROM trimmed_ids WHERE topic = ? AND seq <= ?'),
    schemas: db.prepare('SELECT type, version, fingerprint, json FROM schemas ORDER BY rowid'),
    keepSchema: db.prepare(
      'INSERT OR IGNORE INTO schemas (type, version, fingerprint, json) VALUES (?, ?, ?, ?)',
    ),
    recordIds: db.prepare('SELECT id, seq, at FROM records WHERE topic = ? AND seq >= ? ORDER BY seq'),
  };
}
