import { Redis } from 'ioredis';
import { describe, expect, test } from 'vitest';
import { startTcpProxy } from '../../../conformance/tcp-proxy.ts';
import { topicKeys } from '../../../server/broker/redis/log/keys.ts';
import type { RedisSource } from '../../../server/broker/redis/servers/open-topology.ts';
import { parseCursor } from '../../../shared/cursor.ts';
import { startRedis } from '../../setup/redis-server.ts';
import { entries, entry, RecordingSink } from '../contract/entries.ts';
import { redisFixture } from '../contract/fixtures.ts';
import { admin, expectNothingPrinted } from './redis-admin.ts';

const topic = 'run-1';
const NEVER_MS = 3_600_000;

expectNothingPrinted();

/** The connection that reads the log comes back after the one that hears of it, or before. */
function connectVia(port: number, first: 'commands' | 'subscriber'): RedisSource {
  return {
    connect: (options) => {
      const delayMs = options.connectionName?.endsWith(first) ? 10 : 300;
      return new Redis({ ...options, port, host: '127.0.0.1', retryStrategy: () => delayMs });
    },
  };
}

/** A tail that saw six records, and a Redis that came back with the first three. */
async function rewound(first: 'commands' | 'subscriber') {
  const server = await startRedis();
  const proxy = await startTcpProxy(server.port);
  const log = redisFixture({ checkIntervalMs: NEVER_MS }, connectVia(proxy.port, first));
  const sink = new RecordingSink();
  await log.broker.tail(topic, sink);
  await using elsewhere = redisFixture({ prefix: log.prefix }, server.url);
  await elsewhere.broker.publish(topic, entries(1, 3));
  await admin(server, (redis) => redis.save());
  await elsewhere.broker.publish(topic, entries(4, 6));
  await expect.poll(() => sink.numbers).toEqual([1, 2, 3, 4, 5, 6]);
  const { epoch } = await elsewhere.broker.bounds(topic);
  proxy.refuse();
  await server.kill();
  await server.restart();
  return {
    ...{ server, proxy, log, sink, epoch },
    async [Symbol.asyncDispose]() {
      await log[Symbol.asyncDispose]();
      await proxy[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

describe.each(['commands', 'subscriber'] as const)('with the %s connection back first', (first) => {
  test('[D1] [D4] a log that comes back without its end gets a new epoch', async () => {
    await using it = await rewound(first);
    it.proxy.pass();
    await expect.poll(() => it.sink.gaps.length).toBe(1);
    await it.log.broker.publish(topic, [entry(7)]);
    await expect.poll(() => it.sink.numbers.at(-1)).toBe(7);
    it.sink.expectContiguous();
    expect(it.sink.gaps).toMatchObject([
      { from: { epoch: it.epoch, seq: 6 }, lost: null, reason: 'epoch_changed' },
    ]);
    expect(it.sink.received.at(-1)?.epoch).not.toBe(it.epoch);
  });

  test('[D1] [D4] a log without its end gets a new epoch even if uninformed publishers have written to it meanwhile', async () => {
    await using it = await rewound(first);
    {
      await using newcomer = redisFixture({ prefix: it.log.prefix }, it.server.url);
      const [result] = await newcomer.broker.publish(topic, entries(104, 109));
      expect(result?.cursor).toBe(`${it.epoch}:4`);
    }
    it.proxy.pass();
    await expect.poll(() => it.sink.gaps.length).toBe(1);
    it.sink.expectContiguous();
    expect(it.sink.gaps).toMatchObject([{ from: { seq: 6 }, lost: null, reason: 'epoch_changed' }]);
    expect((await it.log.broker.bounds(topic)).epoch).not.toBe(it.epoch);
  });
});

test('[D1] [D4] a publisher that has seen more records can be the first to notice the lost end', async () => {
  await using server = await startRedis();
  await using log = redisFixture({}, server.url);
  const [first] = await log.broker.publish(topic, entries(1, 3));
  await admin(server, (redis) => redis.save());
  await log.broker.publish(topic, [entry(4)]);
  await server.kill();
  await server.restart();
  let cursor = '';
  await expect
    .poll(async () => {
      cursor = (await log.broker.publish(topic, [entry(5)]))[0]?.cursor ?? '';
      return cursor;
    })
    .toMatch(/:1$/);
  expect(parseCursor(cursor).epoch).not.toBe(parseCursor(first?.cursor ?? '').epoch);
});

test('[D1] [D4] a replaced log that comes back is not used, so that nothing is delivered twice', async () => {
  await using server = await startRedis();
  await using log = redisFixture({ checkIntervalMs: 50 }, server.url);
  const sink = new RecordingSink();
  await log.broker.tail(topic, sink);
  await log.broker.publish(topic, entries(1, 3));
  await expect.poll(() => sink.numbers).toEqual([1, 2, 3]);
  const { log: logKey, meta } = topicKeys(log.prefix, topic);
  const keys = [logKey, meta];
  await admin(server, async (redis) => {
    const before = await Promise.all(keys.map((key) => redis.dumpBuffer(key)));
    await redis.del(keys); // a server took over that has nothing of it
    await log.broker.publish(topic, [entry(4)]);
    await expect.poll(() => sink.numbers).toEqual([1, 2, 3, 4]);
    // And after that one, one that has what there was before: at once, so that no check comes in between.
    const swap = redis.multi().del(keys);
    for (const [index, key] of keys.entries()) swap.restore(key, 0, before[index] ?? '');
    expect((await swap.exec())?.map(([error]) => error)).toEqual([null, null, null]);
  });
  await expect.poll(() => sink.gaps.length).toBe(2);
  await log.broker.publish(topic, [entry(5)]);
  await expect.poll(() => sink.numbers.at(-1)).toBe(5);
  expect(sink.numbers).toEqual([1, 2, 3, 4, 5]);
  expect(sink.gaps).toMatchObject([{ reason: 'epoch_changed' }, { reason: 'epoch_changed' }]);
  const epochs = new Set(sink.received.map(({ epoch }) => epoch));
  expect(epochs.size).toBe(3);
});
