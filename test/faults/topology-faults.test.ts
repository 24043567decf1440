import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { topicKeys } from '../../server/broker/redis/log/keys.ts';
import { expectNothingPrinted } from '../broker/redis/redis-admin.ts';
import { NEVER_MS, type RedisCluster, startRedisCluster } from '../setup/redis-cluster.ts';
import { type RedisSentinel, startRedisSentinel } from '../setup/redis-sentinel.ts';
import type { RedisServer } from '../setup/redis-server.ts';
import { until } from '../setup/until.ts';
import { median, size, tell } from './chaos.ts';
import { startCluster } from './cluster.ts';
import { TOPIC } from './load.ts';
import { naiveTail } from './naive-tail.ts';

/** One topic: it is one server that has it. */
const SIZE = { nodes: 3, clients: size(9, 50), publishers: 5, perSecond: 200 };
const ROUNDS = size(1, 10);
/** A replica that takes over may lack the last records; whoever waits for them is told. */
const NOTHING_SILENT = { silent: 0, duplicated: 0, reordered: 0 };
/** In `npm test` the machine is busy with other tests. */
const LONGEST_MS = size(30_000, 10_000);
const KEY = topicKeys('psyche', TOPIC).log;

expectNothingPrinted();

interface Fault {
  /** Before each round, off the clock. */
  prepare?: () => Promise<void>;
  strike: () => Promise<unknown>;
  rounds?: number;
}

/** Nodes on Redis, struck while they publish and deliver. */
async function underLoad(redisUrl: string, { prepare, strike, rounds = ROUNDS }: Fault) {
  await using cluster = await startCluster({ redisUrl, ...SIZE });
  const perSecond: number[] = [];
  let backMs = 0;
  for (let round = 0; round < rounds; round++) {
    perSecond.push(await cluster.undisturbed());
    await prepare?.();
    const since = performance.now();
    await strike();
    await cluster.backAgain();
    backMs = Math.max(backMs, performance.now() - since);
  }
  await cluster.load.stop();
  await expect.poll(() => cluster.checker.isLevel).toBe(true);
  return {
    ...cluster.checker.report(),
    perSecond: median(perSecond),
    backMs: Math.round(backMs),
    refused: cluster.load.refused,
  };
}

/** Counts the events missing in silence where tails only listen, to one server for ever. */
async function missedByNaive(redisUrl: string, { port }: RedisServer, strike: () => Promise<unknown>) {
  const listen = () => new Redis(port, '127.0.0.1', { retryStrategy: null });
  await using cluster = await startCluster({
    redisUrl,
    ...SIZE,
    wrap: (broker) => naiveTail(broker, listen),
  });
  await cluster.backAgain();
  await strike();
  const before = cluster.checker.acknowledged;
  await expect.poll(() => cluster.checker.acknowledged).toBeGreaterThan(before + 50);
  return cluster.checker.report().silent;
}

describe('after the master behind Sentinels was killed', { timeout: size(120_000, 600_000) }, () => {
  let redis: RedisSentinel;
  beforeAll(async () => {
    redis = await startRedisSentinel();
  }, 60_000);
  afterAll(() => redis[Symbol.asyncDispose]());

  test('[D4] its successor is found, and nothing is missing in silence', async () => {
    let electedMs = 0;
    const strike = async () => {
      const master = await redis.master();
      const since = performance.now();
      await master.kill();
      await until('the Sentinels name a successor', async () => (await redis.master()) !== master);
      electedMs = Math.max(electedMs, Math.round(performance.now() - since));
    };
    const report = await underLoad(redis.url, { prepare: () => redis.heal(), strike });
    tell('5 Sentinel failover', { ...report, electedMs });
    expect(report).toMatchObject(NOTHING_SILENT);
    expect(report.delivered + report.announced).toBe(report.acknowledged * SIZE.clients);
    expect(report.backMs).toBeLessThan(LONGEST_MS);
  });

  test('control: a subscriber that stays with the old master hears nothing more, and is not told', async () => {
    await redis.heal();
    const master = await redis.master();
    const missed = await missedByNaive(redis.url, master, () => master.kill());
    tell('5 Sentinel failover', { control: `${missed} lost` });
    expect(missed).toBeGreaterThan(0);
  });
});

describe('with a Cluster whose masters are replaced under load', { timeout: size(120_000, 900_000) }, () => {
  let redis: RedisCluster;
  beforeAll(async () => {
    redis = await startRedisCluster();
  }, 60_000);
  afterAll(() => redis[Symbol.asyncDispose]());

  test('[D4] nothing is missing in silence when the master of a topic is killed', async () => {
    const strike = async () => (await redis.masterOf(KEY)).kill();
    const report = await underLoad(redis.url, { prepare: () => redis.heal(), strike });
    tell('5 Cluster, master killed', report);
    expect(report).toMatchObject(NOTHING_SILENT);
    expect(report.delivered + report.announced).toBe(report.acknowledged * SIZE.clients);
    expect(report.backMs).toBeLessThan(LONGEST_MS);
  });
});

describe('with a Cluster whose slots move under load', { timeout: size(120_000, 900_000) }, () => {
  let redis: RedisCluster;
  beforeAll(async () => {
    // A replica that takes over from a master that is only slow may lack the last records.
    redis = await startRedisCluster(['--cluster-node-timeout', `${NEVER_MS}`]);
  }, 60_000);
  afterAll(() => redis[Symbol.asyncDispose]());

  test('[D4] nothing is lost, duplicated or reordered when the slot of a topic moves', async () => {
    const report = await underLoad(redis.url, { strike: () => redis.moveSlot(KEY), rounds: size(2, 10) });
    tell('5 Cluster, slot moved', report);
    expect(report).toMatchObject({ ...NOTHING_SILENT, announced: 0, gaps: 0 });
    expect(report.delivered).toBe(report.acknowledged * SIZE.clients);
    expect(report.backMs).toBeLessThan(LONGEST_MS);
  });

  test('control: a subscriber that does not follow its slot hears nothing more, and is not told', async () => {
    const master = await redis.masterOf(KEY);
    const missed = await missedByNaive(redis.url, master, () => redis.moveSlot(KEY));
    tell('5 Cluster, slot moved', { control: `${missed} lost` });
    expect(missed).toBeGreaterThan(0);
  });
});
