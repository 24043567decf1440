import { randomUUID } from 'node:crypto';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { describe, expect, test } from 'vitest';
import { startTcpProxy } from '../../conformance/tcp-proxy.ts';
import { RedisBroker } from '../../server/broker/redis/redis-broker.ts';
import { psycheEvents, toLogEntry } from '../../shared/index.ts';
import { DeliveryChecker } from '../../verify/index.ts';
import { allRecords } from '../broker/contract/entries.ts';
import { startRedis } from '../setup/redis-server.ts';
import { agentMessage } from '../support/events.ts';
import { isLong, size, tell } from './chaos.ts';
import { CheckedTopics } from './checked-topics.ts';
import { startLoad, TOPIC } from './load.ts';

/** Reads the log as a reader gets it. */
async function readAll(url: string, checker: DeliveryChecker): Promise<void> {
  const broker = new RedisBroker({ url }, { maxRecords: 100_000 });
  const records = await allRecords(broker, TOPIC);
  const reader = checker.reader();
  for (const { json } of records) reader.event(JSON.parse(json).data.message);
  await broker.close();
}

describe('with every 50th answer to a publish lost', { timeout: size(60_000, 300_000) }, () => {
  async function publishAll(forgetsKeys: boolean) {
    await using redis = await startRedis();
    await using proxy = await startTcpProxy(redis.port);
    const timeoutMs = size(500, 2000);
    const broker = new RedisBroker({ url: `redis://127.0.0.1:${proxy.port}` }, { timeoutMs });
    await broker.connect();
    const checker = new DeliveryChecker();
    for (let counter = 0; counter < size(150, 2000); counter++) {
      const data = agentMessage(`p:${counter}`);
      let idempotencyKey: string = randomUUID();
      const publish = () => {
        if (forgetsKeys) idempotencyKey = randomUUID();
        return broker.publish(TOPIC, [
          toLogEntry(psycheEvents, { event_type: 'agent_message', data, idempotencyKey }),
        ]);
      };
      if (counter % 50 === 49) {
        proxy.muteServer();
        await expect(publish()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
        proxy.refuse();
        proxy.pass();
      }
      await expect.poll(() => publish().then(() => 'stored', String)).toBe('stored');
      checker.acknowledge('p', counter);
    }
    await broker.close();
    await readAll(redis.url, checker);
    return checker.report();
  }

  test('[D3] a publish sent again with its idempotency key is stored once', async () => {
    const report = await publishAll(false);
    tell('3 every 50th answer dropped', report);
    expect(report).toMatchObject({ silent: 0, duplicated: 0, reordered: 0, delivered: report.acknowledged });
  });

  test('control: a publish sent again without its key is stored twice', async () => {
    const { duplicated } = await publishAll(true);
    tell('3 every 50th answer dropped', { control: `${duplicated} duplicated` });
    expect(duplicated).toBeGreaterThan(0);
  });
});

describe('with a connection to Redis that swallows everything', { timeout: size(60_000, 180_000) }, () => {
  const timeoutMs = 2000;

  test('[D2] publishes are refused in time, none hangs, and none is lost afterwards', async () => {
    await using redis = await startRedis();
    await using proxy = await startTcpProxy(redis.port);
    const broker = new RedisBroker(
      { url: `redis://127.0.0.1:${proxy.port}` },
      { timeoutMs, maxRecords: 100_000 },
    );
    await broker.connect();
    const lateness = monitorEventLoopDelay(); // ns
    lateness.enable();
    const topics = new CheckedTopics(1);
    const checker = topics.at(0);
    const load = startLoad(topics, { publishers: 20, perSecond: 400 }, broker);
    await expect.poll(() => checker.acknowledged).toBeGreaterThan(50);
    proxy.blackhole();
    if (isLong) await sleep(60_000);
    await expect.poll(() => load.refused).toBeGreaterThan(0);
    proxy.pass();
    const before = checker.acknowledged;
    await expect.poll(() => checker.acknowledged).toBeGreaterThan(before + 50);
    await expect.poll(() => load.retrying).toBe(0); // or the log may have more than was acknowledged
    await load.stop();
    await broker.close();
    await readAll(redis.url, checker);
    const report = checker.report();
    const longestMs = Math.round(load.longestMs);
    tell('4 Redis blackholed', { ...report, refused: load.refused, longestMs });
    expect(load.refused).toBeGreaterThan(0);
    expect(report).toMatchObject({ silent: 0, duplicated: 0, reordered: 0, delivered: report.acknowledged });
    // Not how fast, but that it is bounded: a promise that waits for TCP waits for minutes.
    expect(longestMs - lateness.max / 1e6).toBeLessThan(timeoutMs + 2000);
  });

  test('control: a Redis client without a time limit waits on', async () => {
    await using redis = await startRedis();
    await using proxy = await startTcpProxy(redis.port);
    const client = new Redis({ host: '127.0.0.1', port: proxy.port });
    client.on('error', () => {});
    await client.ping();
    proxy.blackhole();
    const waiting = client.xadd(TOPIC, '*', 'n', '1').then(
      () => 'settled',
      () => 'settled',
    );
    const settled = await Promise.race([waiting, sleep(timeoutMs + 1000, 'waits')]);
    tell('4 Redis blackholed', { control: settled });
    expect(settled).toBe('waits');
    client.disconnect();
  });
});
