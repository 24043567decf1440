import { Redis } from 'ioredis';
import { describe, expect, test } from 'vitest';
import { admin, expectNothingPrinted } from '../broker/redis/redis-admin.ts';
import { startRedis } from '../setup/redis-server.ts';
import { median, rounds, size, tell } from './chaos.ts';
import { startCluster } from './cluster.ts';
import { hidesGaps, naiveTail } from './naive-tail.ts';

/** Each event goes to the clients of its topic: ten thousand deliveries a second in the long form. */
const SIZE = {
  nodes: 3,
  clients: size(9, 200),
  topics: size(3, 20),
  publishers: size(6, 60), // where Redis writes each to its disk, as many as 20 at a time are too few
  perSecond: size(200, 1000),
};
const ROUNDS = rounds(1, 20);
// With everysec Redis answers before it has written, while the disk is busy with the second before.
const AOF = ['--appendonly', 'yes', '--appendfsync', 'always'];
const [ONE, TWO, SIX] = [
  '1 Redis killed, AOF',
  '2 Redis killed, nothing persisted',
  '6 subscribers of Redis cut',
] as const;
const FLAWLESS = { silent: 0, announced: 0, duplicated: 0, reordered: 0, gaps: 0 };

expectNothingPrinted();

describe('after Redis was killed under load', { timeout: size(60_000, 900_000) }, () => {
  async function killRedis(args: readonly string[], rounds: number) {
    await using redis = await startRedis({ args });
    await using cluster = await startCluster({ redisUrl: redis.url, ...SIZE });
    const perSecond: number[] = [];
    let backMs = 0;
    for (let round = 0; round < rounds; round++) {
      perSecond.push(await cluster.undisturbed());
      await redis.kill();
      await redis.restart();
      backMs = Math.max(backMs, await cluster.backAgain());
    }
    await cluster.load.stop();
    await expect.poll(() => cluster.checker.isLevel).toBe(true);
    return { ...cluster.checker.report(), perSecond: median(perSecond), backMs: Math.round(backMs) };
  }

  test('[D4] with AOF, nothing is lost, duplicated or reordered, and delivery resumes', async () => {
    const report = await killRedis(AOF, ROUNDS);
    tell(ONE, report);
    expect(report).toMatchObject(FLAWLESS);
    expect(report.delivered).toBe((report.acknowledged * SIZE.clients) / SIZE.topics);
  });

  test('control: without AOF the log is gone, and every client is told', async () => {
    const { gaps, silent } = await killRedis([], 1);
    tell(ONE, { control: `${gaps} gaps` });
    expect(gaps).toBe(SIZE.clients);
    expect(silent).toBe(0);
  });

  test('[D4] without persistence, every client gets a gap, and nothing is missing in silence', async () => {
    await using redis = await startRedis();
    await using cluster = await startCluster({ redisUrl: redis.url, ...SIZE });
    const perSecond: number[] = [];
    let toldMs = 0;
    for (let round = 1; round <= ROUNDS; round++) {
      perSecond.push(await cluster.undisturbed());
      await redis.kill();
      await redis.restart();
      const since = performance.now();
      await expect.poll(() => cluster.checker.readers.every(({ gaps }) => gaps >= round)).toBe(true);
      toldMs = Math.max(toldMs, performance.now() - since);
    }
    await cluster.load.stop();
    await expect.poll(() => cluster.checker.isLevel).toBe(true);
    const report = cluster.checker.report();
    tell(TWO, { ...report, perSecond: median(perSecond), toldMs: Math.round(toldMs) });
    expect(report).toMatchObject({ silent: 0, duplicated: 0, reordered: 0, gaps: ROUNDS * SIZE.clients });
  });

  test('control: clients do not notice the loss where the gap is not told', async () => {
    await using redis = await startRedis();
    await using cluster = await startCluster({ redisUrl: redis.url, ...SIZE, wrap: hidesGaps });
    await cluster.backAgain();
    await redis.kill();
    await redis.restart();
    await cluster.backAgain();
    const { gaps } = cluster.checker.report();
    tell(TWO, { control: `${gaps} gaps told` });
    expect(gaps).toBe(0);
  });
});

describe('after Redis cut its subscribers', { timeout: size(60_000, 300_000) }, () => {
  const cut = async (wrap?: (url: string) => Parameters<typeof startCluster>[0]['wrap']) => {
    await using redis = await startRedis();
    const around = wrap?.(redis.url);
    await using cluster = await startCluster({
      redisUrl: redis.url,
      ...SIZE,
      ...(around && { wrap: around }),
    });
    const perSecond: number[] = [];
    let backMs = 0;
    for (let round = 0; round < rounds(3, 20); round++) {
      perSecond.push(await cluster.undisturbed());
      await admin(redis, (say) => say.call('CLIENT', 'KILL', 'TYPE', 'PUBSUB'));
      backMs = Math.max(backMs, await cluster.backAgain());
    }
    await cluster.load.stop();
    await expect.poll(() => cluster.checker.isLevel).toBe(true);
    return { ...cluster.checker.report(), perSecond: median(perSecond), backMs: Math.round(backMs) };
  };

  test('[D4] with CLIENT KILL TYPE PUBSUB, nothing is lost', async () => {
    const report = await cut();
    tell(SIX, report);
    expect(report).toMatchObject(FLAWLESS);
  });

  test('control: a tail that only listens loses records in silence', async () => {
    const { silent } = await cut(
      (url) => (broker) => naiveTail(broker, () => new Redis(url, { retryStrategy: () => 300 })),
    );
    tell(SIX, { control: `${silent} lost` });
    expect(silent).toBeGreaterThan(0);
  });
});
