import type { Redis } from 'ioredis';
import * as z from 'zod';
import { topicKeys } from '../../server/broker/redis/log/keys.ts';
import { defineEvents } from '../../shared/index.ts';

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

/** A file as the last code before format 2 left it, with its own words: of user_version 2, closed. */
export const SQL_OF_VERSION_2 = `
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
INSERT INTO state VALUES (1, '2e1bd78b8d29', '46acfe7f7c74', '2343600', 'd0ea85d5-4d1a-4c6e-b14a-a837abc1e8f8', 'commit', 1);
INSERT INTO topics VALUES (1, 'default', 3, 1795677583592, 225, 0), (2, 'run-1', 1, 1795677583584, 167, 0);
INSERT INTO records VALUES
  (1, 1, 1795677583553, 'tick', '"key 1"', '${tick(1)}', NULL),
  (1, 2, 1795677583592, 'tick', '"1g5s2sfoqsarg-y1maeqagbndg"', '${tick(2)}', NULL),
  (1, 3, 1795677583592, 'tick', '"1pka7klpw1qyq-2o5lybbtvn1vi"', '${tick(3)}', NULL),
  (2, 1, 1795677583584, 'dream', '"k2"', '${dream}', '${dreamMeta}');
PRAGMA application_id = 1886615909;
PRAGMA user_version = 2;
`;

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
  const write = async (
    topic: keyof typeof EPOCHS,
    records: readonly [upto: number, id: string, type: string, json: string, ...meta: string[]][],
  ) => {
    const { log, meta, ids } = topicKeys(prefix, topic);
    const epoch = EPOCHS[topic];
    for (const [index, [upto, id, type, json, ...more]] of records.entries()) {
      const annotations = more.flatMap((text) => ['meta', text]);
      const head = `${now} ${upto} ${id} ${type}`;
      await redis.xadd(log, `${index + 1}-0`, 'head', head, 'json', json, ...annotations);
      await redis.hset(ids, ' ', epoch, id, `${epoch}:${index + 1}`);
    }
    const times = { at: now, trimAt: now + 1000, rotateAt: now + 300_000, olderUntil: 0 };
    const upto = records.at(-1)?.[0] ?? 0;
    await redis.hset(meta, { epoch, seq: records.length, upto, before: 0, ...times });
    await redis.zadd(`${prefix}:{*}:topics`, now, topic);
  };
  await redis.hset(`${prefix}:{*}:kept`, { ms: 87_000_000, until: now + 87_000_000 });
  await write('default', [
    [75, 'key\\u00201', 'tick', tick(1)],
    [150, '3di7ofljuvx98-3vnmztu0epc0e', 'tick', tick(2)],
    [225, '2rxe0cbrhqdt-jvozkof6796s', 'tick', tick(3)],
  ]);
  await write('run-1', [[167, 'k2', 'dream', dream, dreamMeta]]);
}
