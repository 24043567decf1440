import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import type { Broker } from '../../server/broker/broker.ts';
import { topicKeys } from '../../server/broker/redis/log/keys.ts';
import { loadSqlite } from '../../server/broker/sqlite/file/engine.ts';
import { checkLog, EventManager, openWholeLog } from '../../server/index.ts';
import { entry, RecordingSink } from '../broker/contract/entries.ts';
import { redisFixture } from '../broker/contract/fixtures.ts';
import { approval } from '../broker/open/open-events.ts';
import { DiskFixture } from '../broker-disk/fixtures.ts';
import {
  EPOCHS,
  SQL_OF_VERSION_2,
  SQL_OF_VERSION_3,
  WRITTEN_AT,
  writeFormat1,
  writeSqlFile,
  writtenCatalog,
} from './format-1.ts';

/** Everything in both topics; then a client of before resumes, publishes a duplicate and something new. */
async function readAndGoOn(broker: Broker, epochs: Readonly<Record<'default' | 'run-1', string>>) {
  const manager = new EventManager({ catalog: writtenCatalog, broker });
  const since = { at: '2000-01-01T00:00:00Z' };
  const all = await manager.history({ since });
  expect(all.items.map(({ event }) => event.data)).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
  expect(all.gaps).toEqual([]);
  const dreams = await manager.history({ since, topic: 'run-1' });
  expect(dreams.items.map(({ event }) => event.data)).toEqual([{ symbol: 'ü 漢 😀', at: new Date(0) }]);

  const [again] = await broker.publish('default', [entry(9, 'key 1')]);
  expect(again).toEqual({ cursor: `${epochs.default}:1`, duplicate: true });
  await manager.publish('tick', { n: 4 });
  const seen: unknown[] = [];
  for await (const [cursor, event] of manager.subscribe({ since: `${epochs.default}:2` })) {
    seen.push(event.event_type === 'tick' ? [cursor, event.data.n] : event.event_type);
    if (seen.length === 3) break;
  }
  expect(seen).toEqual([[`${epochs.default}:3`, 3], [`${epochs.default}:4`, 4], 'stream_synced']);
}

describe('[V8] a log file', () => {
  const writeFile = (disk: DiskFixture, isKnown: boolean, sql = SQL_OF_VERSION_2) =>
    writeSqlFile(disk, sql, { isKnown, records: 4 });
  const now = () => WRITTEN_AT + 1000;

  test.each([
    { version: 2, sql: SQL_OF_VERSION_2 },
    { version: 3, sql: SQL_OF_VERSION_3 },
  ])(
    'opens in its epoch where it is of user_version $version, delivers everything, and resumes',
    async ({ sql }) => {
      await using disk = new DiskFixture();
      await writeFile(disk, true, sql);
      const logger = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };
      const broker = await disk.open({ now, logger });
      expect(logger.warn).not.toHaveBeenCalled();
      const [{ epoch: first }, { epoch: second }] = [
        await broker.bounds('default'),
        await broker.bounds('run-1'),
      ];
      await readAndGoOn(broker, { default: first, 'run-1': second });
      const event = approval();
      await broker.open.begin('run-1', event, 10);
      await broker.close();
      expect(await disk.query('PRAGMA user_version')).toEqual([{ user_version: 4 }]);
      const again = await disk.open({ now });
      expect(await again.open.find('run-1', event.id)).toMatchObject({ cursor: `${second}:2` });
      expect(await again.bounds('default')).toEqual({ epoch: first, first: 1, last: 4 });
    },
  );

  test('control: one that was not used here last begins a new epoch, and delivers everything too', async () => {
    await using disk = new DiskFixture();
    await writeFile(disk, false);
    const logger = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };
    const broker = await disk.open({ now, logger });
    expect(logger.warn).toHaveBeenCalled();
    expect((await broker.read('default', { epoch: '', seq: 0 }, 10)).records).toHaveLength(3);
  });

  /** Names and contents of all files but SQLite's index of the -wal file, which every opening makes anew. */
  const filesOf = ({ directory }: DiskFixture) => {
    const names = readdirSync(directory).filter((name) => !name.endsWith('-shm'));
    return Object.fromEntries(
      names.map((name) => [name, readFileSync(join(directory, name)).toString('base64')]),
    );
  };

  test('is looked through as it is, also of format 1', async () => {
    await using disk = new DiskFixture();
    await writeFile(disk, true);
    const before = filesOf(disk);
    const log = await openWholeLog({ path: disk.path });
    expect(await log.count()).toBe(4);
    const { schemas, versions } = await checkLog(log, writtenCatalog);
    await log.close();
    expect(schemas).toEqual([]);
    expect(versions).toEqual([
      { type: 'tick', version: 1, records: 3, unreadable: 0, reason: null, at: null, cursor: null },
      { type: 'dream', version: 1, records: 1, unreadable: 0, reason: null, at: null, cursor: null },
    ]);
    expect(filesOf(disk)).toEqual(before);
  });

  test.each(['closed', 'killed'])(
    'is refused where it is of a later format and was %s, and nothing is written',
    async (how) => {
      await using disk = new DiskFixture();
      const broker = await disk.open();
      await broker.publish('default', [entry(1)]);
      await broker.close();
      await disk.query('PRAGMA user_version = 5');
      if (how === 'killed') {
        // What a killed process leaves: its last writes are in the -wal file alone.
        const { DatabaseSync } = await loadSqlite();
        const db = new DatabaseSync(disk.path);
        db.exec('PRAGMA journal_mode = WAL; UPDATE topics SET last_at = last_at + 1');
        const left = filesOf(disk);
        db.close();
        for (const [name, content] of Object.entries(left))
          writeFileSync(join(disk.directory, name), Buffer.from(content, 'base64'));
      }
      const before = filesOf(disk);
      for (let attempt = 0; attempt < 2; attempt++)
        await expect(disk.open()).rejects.toMatchObject({
          code: 'UNAVAILABLE',
          message: expect.stringMatching(/later version of psyche-events; run that version/),
        });
      expect(filesOf(disk)).toEqual(before);
    },
  );
});

describe('[V8] a log in Redis', () => {
  let redis: Redis;
  beforeAll(() => {
    redis = new Redis(inject('redisUrl'));
  });
  afterAll(() => redis.disconnect());

  test('opens in its epoch where it is of format 1, delivers everything, resumes, and is of format 2 once written to', async () => {
    await using fixture = redisFixture();
    await writeFormat1(redis, fixture.prefix);
    const topics = new Set<string>();
    await fixture.broker.topics((names) => {
      for (const name of names) topics.add(name);
    });
    expect([...topics].sort()).toEqual(['default', 'run-1']);
    const format = async (topic: string) => redis.hget(topicKeys(fixture.prefix, topic).meta, 'format');
    expect(await fixture.broker.bounds('default')).toEqual({ epoch: EPOCHS.default, first: 1, last: 3 });
    expect(await format('default')).toBeNull();
    await readAndGoOn(fixture.broker, EPOCHS);
    expect(await format('default')).toBe('2');
    expect(await format('run-1')).toBeNull(); // only read
  });

  test('is of format 2 where this code began it', async () => {
    await using fixture = redisFixture();
    await fixture.broker.bounds('asked-for');
    await fixture.broker.publish('written', [entry(1)]);
    for (const topic of ['asked-for', 'written'])
      expect(await redis.hget(topicKeys(fixture.prefix, topic).meta, 'format')).toBe('2');
  });

  /** All keys of a prefix with what they hold, and if they expire. */
  async function keysOf(prefix: string) {
    const keys = (await redis.keys(`${prefix}:*`)).sort();
    const each = async (key: string) => [
      key,
      (await redis.dumpBuffer(key))?.toString('base64'),
      (await redis.pttl(key)) > 0,
    ];
    return Promise.all(keys.map(each));
  }

  /** A log that holds a record, and that a later version took over. */
  async function laterLog(format: number) {
    const logger = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };
    const writer = redisFixture();
    await writer.broker.publish('default', [entry(1)]);
    const { epoch } = await writer.broker.bounds('default');
    const schema = { type: 'tick', version: 1, fingerprint: 'a', json: '{}' };
    await writer.broker.keepSchemas([schema]);
    await redis.hset(topicKeys(writer.prefix, 'default').meta, 'format', format);
    await redis.hset(`${writer.prefix}:{*}:schemas`, 'format', format);
    const reader = redisFixture({ prefix: writer.prefix, logger });
    const { broker } = reader;
    const schemas = [{ ...schema, fingerprint: 'b' }];
    return {
      prefix: writer.prefix,
      broker,
      logger,
      calls: {
        publish: () => broker.publish('default', [entry(2)]),
        read: () => broker.read('default', { epoch: 'x', seq: 0 }, 10),
        bounds: () => broker.bounds('default'),
        seek: () => broker.seek('default', 0),
        erase: () => broker.erase('default', epoch, [1], [entry(3)]),
        keepSchemas: () => broker.keepSchemas(schemas),
      },
      async [Symbol.asyncDispose]() {
        await reader[Symbol.asyncDispose]();
        await writer[Symbol.asyncDispose]();
      },
    };
  }

  test('is refused by every script where it is of a later format, nothing is written, and one line says so', async () => {
    await using log = await laterLog(3);
    const before = await keysOf(log.prefix);
    expect(before).toHaveLength(6);
    for (let round = 0; round < 2; round++) {
      for (const call of Object.values(log.calls))
        await expect(call()).rejects.toMatchObject({
          code: 'UNAVAILABLE',
          message: expect.stringMatching(/format 3, written by a later version.* Run that version here too/),
        });
    }
    const sink = new RecordingSink();
    const tail = log.broker.tail('default', sink).catch((error: unknown) => error);
    await expect.poll(() => log.logger.debug.mock.calls.length).toBeGreaterThan(0); // it tries, and goes on trying
    expect(await keysOf(log.prefix)).toEqual(before);
    expect(sink.calls).toEqual([]);
    expect(log.logger.error.mock.calls.map(([, line]) => line)).toEqual([
      expect.stringContaining('The log of topic default in Redis is of format 3'),
    ]);
    await log.broker.close();
    await expect(tail).resolves.toMatchObject({ code: 'CLOSED' });
  });

  test('control: in this format each of these calls is answered, and publishing and keeping write', async () => {
    await using log = await laterLog(2);
    const before = await keysOf(log.prefix);
    for (const call of Object.values(log.calls)) await call();
    expect(await keysOf(log.prefix)).not.toEqual(before);
    expect(log.logger.error).not.toHaveBeenCalled();
  });
});
