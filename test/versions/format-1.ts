import { statSync, writeFileSync } from 'node:fs';
import type { ChainableCommander, Redis } from 'ioredis';
import * as z from 'zod';
import { newEpoch } from '../../server/broker/epoch.ts';
import { indexKeys, topicKeys } from '../../server/broker/redis/log/keys.ts';
import { loadSqlite } from '../../server/broker/sqlite/file/engine.ts';
import { stampOf, textOf } from '../../server/broker/sqlite/file/marks.ts';
import { defineEvents, type LogEntry } from '../../shared/index.ts';
import type { DiskFixture } from '../broker-disk/fixtures.ts';

/** The events of the logs below. */
export const writtenCatalog = defineEvents({
  dream: z.object({ symbol: z.string(), at: z.date() }),
  tick: z.object({ n: z.number() }),
});

/** Time at which they were written, Unix ms. */
export const WRITTEN_AT = 1795677583592;
export const EPOCHS = { default: '1aae3d7c0a61', 'run-1': 'ce9ad15a115c' } as const;

const tick = (n: number) => `{"event_type":"tick","timestamp":"2026-01-01T00:00:00.000Z","data":{"n":${n}}}`;
const dream =
  '{"event_type":"dream","timestamp":"2026-01-01T00:00:00.000Z","data":{"symbol":"ü 漢 😀","at":"1970-01-01T00:00:00.000Z"}}';
const dreamMeta = '{"values":{"data.data.at":["Date"]},"v":1}';

/** Tables of a file as the last code before format 2 made them, with its own words. */
const TABLES_OF_VERSION_2 = `
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
CREATE TABLE trimmed_ids (
    topic INTEGER NOT NULL,
    seq INTEGER NOT NULL, -- of the last
    ids TEXT NOT NULL,
    PRIMARY KEY (topic, seq)
  ) STRICT, WITHOUT ROWID;
CREATE INDEX topics_by_bytes ON topics (bytes);
CREATE TABLE forgotten (
    slot INTEGER PRIMARY KEY,
    renewals INTEGER NOT NULL,
    appended INTEGER NOT NULL
  ) STRICT;
PRAGMA application_id = 1886615909;
PRAGMA user_version = 2;
`;

const MARK = '46acfe7f7c74';

/** A file as that code left it: of user_version 2, closed. */
export const SQL_OF_VERSION_2 = `
${TABLES_OF_VERSION_2}
INSERT INTO state VALUES (1, '2e1bd78b8d29', '${MARK}', '2343600', 'd0ea85d5-4d1a-4c6e-b14a-a837abc1e8f8', 'commit', 1);
INSERT INTO topics VALUES (1, 'default', 3, 1795677583592, 225, 0), (2, 'run-1', 1, 1795677583584, 167, 0);
INSERT INTO records VALUES
  (1, 1, 1795677583553, 'tick', '"key 1"', '${tick(1)}', NULL),
  (1, 2, 1795677583592, 'tick', '"1g5s2sfoqsarg-y1maeqagbndg"', '${tick(2)}', NULL),
  (1, 3, 1795677583592, 'tick', '"1pka7klpw1qyq-2o5lybbtvn1vi"', '${tick(3)}', NULL),
  (2, 1, 1795677583584, 'dream', '"k2"', '${dream}', '${dreamMeta}');
`;

/**
 * Makes a file of format 1 in a fixture's place.
 * @param sql its tables and rows
 * @param isKnown true if what lies beside it shall say that it was used here last, and holds so many records
 */
export async function writeSqlFile(
  disk: DiskFixture,
  sql: string,
  { isKnown, records }: { isKnown: boolean; records: number },
): Promise<void> {
  const { DatabaseSync } = await loadSqlite();
  const db = new DatabaseSync(disk.path);
  db.exec(sql);
  db.exec(`UPDATE state SET inode = '${statSync(disk.path, { bigint: true }).ino}'`);
  db.close();
  if (!isKnown) return;
  writeFileSync(`${disk.path}-mark`, `${MARK} ${MARK}\n`);
  writeFileSync(`${disk.path}-count`, textOf(records, stampOf(`${disk.path}-mark`)));
}

/** Makes a file of format 1 that holds entries, appended now. @param isKnown see {@link writeSqlFile} */
export function writeFileOfFormat1(
  disk: DiskFixture,
  topic: string,
  entries: readonly LogEntry[],
  { isKnown }: { isKnown: boolean },
): Promise<void> {
  const at = Date.now();
  const text = (value: string | undefined) =>
    value === undefined ? 'NULL' : `'${value.replaceAll("'", "''")}'`;
  const rows = entries.map(({ type, id, json, meta }, index) => {
    const values = [text(type), text(JSON.stringify(id)), text(json), text(meta)];
    return `INSERT INTO records VALUES (1, ${index + 1}, ${at}, ${values.join(', ')});`;
  });
  const bytes = entries.reduce((sum, entry) => sum + bytesOf(entry), 0);
  const sql = `${TABLES_OF_VERSION_2}
    INSERT INTO state VALUES (1, '${newEpoch()}', '${MARK}', '', '', 'commit', 1);
    INSERT INTO topics VALUES (1, ${text(topic)}, ${entries.length}, ${at}, ${bytes}, 0);
    ${rows.join('\n')}`;
  return writeSqlFile(disk, sql, { isKnown, records: entries.length });
}

function bytesOf({ json, meta = '' }: LogEntry): number {
  return Buffer.byteLength(json) + Buffer.byteLength(meta);
}

/** Writes a topic's keys as the last code before format 2 wrote them, as of now. Returns the epoch. */
export function writeTopicOfFormat1(
  commands: ChainableCommander,
  prefix: string,
  topic: string,
  entries: readonly LogEntry[],
  epoch = newEpoch(),
): string {
  const now = Date.now();
  const { log, meta, ids } = topicKeys(prefix, topic);
  let upto = 0;
  for (const [index, entry] of entries.entries()) {
    upto += bytesOf(entry);
    const id = JSON.stringify(entry.id).slice(1, -1).replaceAll(' ', '\\u0020');
    const annotations = entry.meta === undefined ? [] : ['meta', entry.meta];
    const head = `${now} ${upto} ${id} ${entry.type}`;
    commands.xadd(log, `${index + 1}-0`, 'head', head, 'json', entry.json, ...annotations);
    commands.hset(ids, ' ', epoch, id, `${epoch}:${index + 1}`);
  }
  const times = { at: now, trimAt: now + 1000, rotateAt: now + 300_000, olderUntil: 0 };
  commands.hset(meta, { epoch, seq: entries.length, upto, before: 0, ...times });
  return epoch;
}
/** The same file as the last code before open events left it: of user_version 3. */
export const SQL_OF_VERSION_3 = `${SQL_OF_VERSION_2}
ALTER TABLE topics ADD COLUMN erased INTEGER NOT NULL DEFAULT 0;
ALTER TABLE topics ADD COLUMN rules TEXT NOT NULL DEFAULT '';
ALTER TABLE topics ADD COLUMN due INTEGER DEFAULT 0;
ALTER TABLE records ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE records ADD COLUMN schema TEXT;
CREATE TABLE schemas (
    type TEXT NOT NULL,
    version INTEGER NOT NULL,
    fingerprint TEXT NOT NULL,
    json TEXT NOT NULL,
    UNIQUE (type, version, fingerprint)
  ) STRICT;
PRAGMA user_version = 3;
`;

/** Writes the keys that the last code before format 2 wrote, as of now. */
export async function writeFormat1(redis: Redis, prefix: string): Promise<void> {
  const now = Date.now();
  const all = redis.multi();
  const { topics, kept } = indexKeys(prefix);
  for (const topic of ['default', 'run-1'] as const) {
    writeTopicOfFormat1(all, prefix, topic, WRITTEN[topic], EPOCHS[topic]);
    all.zadd(topics, now, topic);
  }
  all.hset(kept, { ms: 87_000_000, until: now + 87_000_000 });
  await all.exec();
}

const WRITTEN: Readonly<Record<keyof typeof EPOCHS, readonly LogEntry[]>> = {
  default: [
    { type: 'tick', id: 'key 1', json: tick(1) },
    { type: 'tick', id: '3di7ofljuvx98-3vnmztu0epc0e', json: tick(2) },
    { type: 'tick', id: '2rxe0cbrhqdt-jvozkof6796s', json: tick(3) },
  ],
  'run-1': [{ type: 'dream', id: 'k2', json: dream, meta: dreamMeta }],
};
