import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { describe, expect, onTestFinished, test } from 'vitest';
import { RedisBroker } from '../../server/broker/redis/redis-broker.ts';
import { entry } from '../broker/contract/entries.ts';
import { admin } from '../broker/redis/redis-admin.ts';
import { type RedisServer, startRedis } from '../setup/redis-server.ts';
import { size, tell } from './chaos.ts';
import { startCluster } from './cluster.ts';
import { TOPIC } from './load.ts';

const SIZE = {
  nodes: 2,
  clients: size(6, 100),
  topics: size(1, 10),
  publishers: size(4, 20),
  perSecond: size(200, 1000),
};

/** A Redis that can be made full, and get room again. */
interface Fillable {
  readonly name: string;
  readonly redis: RedisServer;
  fill(): Promise<unknown>;
  empty(): Promise<unknown>;
}

const say = (redis: RedisServer, ...words: [string, ...string[]]) =>
  admin(redis, (client: Redis) => client.call(...words));

async function fullMemory(): Promise<Fillable> {
  const redis = await startRedis({ args: ['--maxmemory-policy', 'noeviction'] });
  return {
    name: '12 Redis out of memory',
    redis,
    fill: () => say(redis, 'CONFIG', 'SET', 'maxmemory', '1'),
    empty: () => say(redis, 'CONFIG', 'SET', 'maxmemory', '0'),
  };
}

/** Has the effect of a full disk: the snapshot cannot be written, and Redis takes no writes until one can. */
async function fullDisk(): Promise<Fillable> {
  const redis = await startRedis({ args: ['--save', '3600 1', '--enable-protected-configs', 'yes'] });
  const [before, directory] = [
    mkdtempSync(join(tmpdir(), 'psyche-')),
    mkdtempSync(join(tmpdir(), 'psyche-')),
  ];
  // Not before: Redis may be writing one more, and takes nothing once that fails.
  onTestFinished(() => rmSync(before, { recursive: true, maxRetries: 10, retryDelay: 50 }));
  await say(redis, 'CONFIG', 'SET', 'dir', before);
  const save = async (status: 'ok' | 'err') => {
    await expect
      .poll(
        async () => {
          await say(redis, 'BGSAVE').catch(() => {}); // one may be under way
          return admin(redis, (client) => client.info('persistence'));
        },
        { timeout: 20_000, interval: 100 },
      )
      .toContain(`rdb_last_bgsave_status:${status}`);
  };
  return {
    name: '12 Redis’s disk is full',
    redis,
    async fill() {
      mkdirSync(directory, { recursive: true });
      await say(redis, 'CONFIG', 'SET', 'dir', directory);
      rmSync(directory, { recursive: true });
      await save('err');
    },
    async empty() {
      await say(redis, 'CONFIG', 'SET', 'dir', before);
      await save('ok');
    },
  };
}

/** Fills Redis under load for a while. @returns what became of the events, and of those who asked meanwhile */
async function fillUnderLoad({ redis, fill, empty }: Fillable) {
  await using _ = redis;
  await using cluster = await startCluster({ redisUrl: redis.url, ...SIZE });
  await cluster.checker.goOn(10); // in the log there is something to read
  await fill();
  const broker = new RedisBroker({ url: redis.url });
  const publish = () => broker.publish(TOPIC, [entry(1)]);
  const refused = cluster.load.refused;
  const refusal = await publish().then(
    () => null,
    (error: unknown) => error,
  );
  if (refusal !== null) {
    await expect.poll(() => cluster.load.refused).toBeGreaterThan(refused + size(20, 500));
  }
  const { last, epoch } = await broker.bounds(TOPIC);
  const { records } = await broker.read(TOPIC, { epoch, seq: Math.max(0, last - 10) }, 10);
  await empty();
  await cluster.backAgain();
  await cluster.load.stop();
  await expect.poll(() => cluster.checker.isLevel).toBe(true);
  await broker.close();
  return {
    refusal,
    readMeanwhile: records.length,
    refused: cluster.load.refused,
    report: cluster.checker.report(),
  };
}

describe('with Redis full', { timeout: size(60_000, 180_000) }, () => {
  test.each([
    ['its memory', fullMemory],
    ['its disk', fullDisk],
  ])('in %s, publishes fail with UNAVAILABLE, reads go on, and it recovers', async (_, start) => {
    const full = await start();
    const { refusal, readMeanwhile, refused, report } = await fillUnderLoad(full);
    tell(full.name, { ...report, refused });
    expect(refusal).toMatchObject({ code: 'UNAVAILABLE', message: expect.stringMatching(/OOM|MISCONF/) });
    expect(readMeanwhile).toBe(10);
    expect(report).toMatchObject({ silent: 0, announced: 0, duplicated: 0, reordered: 0, gaps: 0 });
    expect(report.delivered).toBe((report.acknowledged * SIZE.clients) / SIZE.topics);
  });

  test('control: a Redis that throws its keys away to make room loses stored events', async () => {
    const redis = await startRedis();
    const fill = () => say(redis, 'FLUSHALL'); // what an eviction policy comes to
    const { refusal, report } = await fillUnderLoad({ name: '', redis, fill, empty: async () => {} });
    tell('12 Redis out of memory', { control: `${report.gaps} gaps` });
    expect(refusal).toBeNull();
    expect(report.gaps).toBeGreaterThan(0);
  });
});
