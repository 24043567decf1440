import type { Database } from './engine.ts';

/** Tables of open events, which are new in version 4. A topic is the id of its row; ids and keys are JSON, as in `records`. */
export const OPEN_TABLES = `
  -- Revisions of open sets. A topic in which nothing was ever begun has none.
  CREATE TABLE open_sets (
    topic INTEGER PRIMARY KEY,
    rev INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE open_events (
    topic INTEGER NOT NULL,
    id TEXT NOT NULL,
    begun INTEGER NOT NULL, -- the set's revision then
    rev INTEGER NOT NULL,
    event TEXT NOT NULL, -- as JSON, see open-rows.ts
    PRIMARY KEY (topic, id)
  ) STRICT, WITHOUT ROWID;
  -- Texts that were appended to them, as JSON.
  CREATE TABLE open_texts (
    topic INTEGER NOT NULL,
    id TEXT NOT NULL,
    at INTEGER NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (topic, id, at)
  ) STRICT, WITHOUT ROWID;
  -- Events that were settled lately.
  CREATE TABLE open_settled (
    topic INTEGER NOT NULL,
    kind TEXT NOT NULL,
    rev INTEGER NOT NULL, -- the set's revision then
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    key TEXT NOT NULL,
    until INTEGER NOT NULL, -- time at which it is forgotten
    event TEXT NOT NULL, -- as JSON, see settled-rows.ts
    PRIMARY KEY (topic, kind, rev)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX open_settled_by_id ON open_settled (topic, id);
  CREATE INDEX open_settled_by_key ON open_settled (topic, type, key);
  CREATE INDEX open_settled_by_until ON open_settled (topic, until);
`;

/** Empties them all: with its epoch, a log's open events go. */
export const CLEAR_OPEN =
  'DELETE FROM open_sets; DELETE FROM open_events; DELETE FROM open_texts; DELETE FROM open_settled;';

/** Statements name an index where SQLite would read all rows of the topic: it takes each topic for a small one. */
export function prepareOpenStatements(db: Database) {
  return {
    openTopics: db.prepare(
      'SELECT name FROM topics WHERE id IN (SELECT DISTINCT topic FROM open_events) ORDER BY name',
    ),
    openRev: db.prepare('SELECT rev FROM open_sets WHERE topic = ?'),
    setOpenRev: db.prepare('REPLACE INTO open_sets (topic, rev) VALUES (?, ?)'),
    openEvents: db.prepare('SELECT id, rev, event FROM open_events WHERE topic = ? ORDER BY begun'),
    openTexts: db.prepare('SELECT text FROM open_texts WHERE topic = ? AND id = ? ORDER BY at'),
    addOpen: db.prepare('INSERT INTO open_events (topic, id, begun, rev, event) VALUES (?, ?, ?, ?, ?)'),
    setOpen: db.prepare('UPDATE open_events SET rev = ?, event = ? WHERE topic = ? AND id = ?'),
    setGrownRev: db.prepare('UPDATE open_events SET rev = ? WHERE topic = ? AND id = ?'),
    addText: db.prepare('INSERT INTO open_texts (topic, id, at, text) VALUES (?, ?, ?, ?)'),
    deleteOpen: db.prepare('DELETE FROM open_events WHERE topic = ? AND id = ?'),
    deleteTexts: db.prepare('DELETE FROM open_texts WHERE topic = ? AND id = ?'),
    settledById: db.prepare(
      'SELECT event FROM open_settled INDEXED BY open_settled_by_id WHERE topic = ? AND id = ? AND until > ?',
    ),
    settledByKey: db.prepare(
      'SELECT event FROM open_settled INDEXED BY open_settled_by_key WHERE topic = ? AND type = ? AND key = ? AND until > ? ORDER BY rev DESC LIMIT 1',
    ),
    addSettled: db.prepare(
      'INSERT INTO open_settled (topic, kind, rev, id, type, key, until, event) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    ),
    /** Forgets those of a topic whose time is over. */
    forgetOldSettled: db.prepare(
      'DELETE FROM open_settled INDEXED BY open_settled_by_until WHERE topic = ? AND until <= ?',
    ),
    /** Forgets all but the newest ones of a topic and a kind. */
    forgetMoreSettled: db.prepare(`
      DELETE FROM open_settled
      WHERE topic = ?1 AND kind = ?2 AND rev <= (
        SELECT rev FROM open_settled WHERE topic = ?1 AND kind = ?2 ORDER BY rev DESC LIMIT 1 OFFSET ?3)`),
    deleteSettled: db.prepare(
      'DELETE FROM open_settled INDEXED BY open_settled_by_id WHERE topic = ? AND id = ?',
    ),
    forgetAllSettled: db.prepare('DELETE FROM open_settled WHERE topic = ?'),
    forgetOpenSet: db.prepare('DELETE FROM open_sets WHERE topic = ?'),
  };
}
