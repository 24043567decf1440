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
    rev INTEGER NOT NULL, -- the set's revision then
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    key TEXT NOT NULL,
    until INTEGER NOT NULL, -- time at which it is forgotten
    event TEXT NOT NULL, -- as JSON, see settled-rows.ts
    PRIMARY KEY (topic, rev)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX open_settled_by_id ON open_settled (topic, id);
  CREATE INDEX open_settled_by_key ON open_settled (topic, type, key);
`;

/** Empties them all: with its epoch, a log's open events go. */
export const CLEAR_OPEN =
  'DELETE FROM open_sets; DELETE FROM open_events; DELETE FROM open_texts; DELETE FROM open_settled;';

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
    settledById: db.prepare('SELECT event FROM open_settled WHERE topic = ? AND id = ? AND until > ?'),
    settledByKey: db.prepare(
      'SELECT event FROM open_settled WHERE topic = ? AND type = ? AND key = ? AND until > ? ORDER BY rev DESC LIMIT 1',
    ),
    addSettled: db.prepare(
      'INSERT INTO open_settled (topic, rev, id, type, key, until, event) VALUES (?, ?, ?, ?, ?, ?, ?)',
    ),
    /** Forgets those whose time is over, and all but the newest ones of a topic. */
    forgetSettled: db.prepare(`
      DELETE FROM open_settled
      WHERE topic = ? AND (until <= ? OR rev <= (
        SELECT rev FROM open_settled WHERE topic = ? ORDER BY rev DESC LIMIT 1 OFFSET ?))`),
    deleteSettled: db.prepare('DELETE FROM open_settled WHERE topic = ? AND id = ?'),
    forgetAllSettled: db.prepare('DELETE FROM open_settled WHERE topic = ?'),
    forgetOpenSet: db.prepare('DELETE FROM open_sets WHERE topic = ?'),
  };
}
