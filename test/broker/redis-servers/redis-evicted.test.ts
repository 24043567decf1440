import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { TopicIndex } from '../../../server/broker/redis/live/topic-index.ts';
import { indexKeys, type TopicKeys, topicKeys } from '../../../server/broker/redis/log/keys.ts';
import type { RedisBrokerOptions } from '../../../server/broker/redis/redis-broker.ts';
import { parseCursor } from '../../../shared/cursor.ts';
import { type RedisServer, startRedis } from '../../setup/redis-server.ts';
import { entry, numbersOf, RecordingSink } from '../contract/entries.ts';
import { redisFixture } from '../contract/fixtures.ts';
import { admin } from '../redis/redis-admin.ts';

const topic = 'run-1';
let server: RedisServer;
let redis: Redis;
beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
});
afterAll(async () => {
  redis.disconnect();
  await server[Symbol.asyncDispose]();
});

/** An entry with an id that is known by its number. */
const named = (n: number) => entry(n, `id-${n}`);
const namedUpTo = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => named(from + index));

const silent = { debug() {}, info() {}, error() {} };

/** A topic with five records that a tail has seen, and the keys that Redis may take away. */
async function followed(options: RedisBrokerOptions = {}) {
  const log = redisFixture({ checkIntervalMs: 50, ...options }, server.url);
  const sink = new RecordingSink();
  await log.broker.tail(topic, sink);
  const published = await log.broker.publish(topic, namedUpTo(1, 5));
  await expect.poll(() => sink.numbers).toEqual([1, 2, 3, 4, 5]);
  const { epoch } = await log.broker.bounds(topic);
  return { ...log, sink, published, epoch, keys: topicKeys(log.prefix, topic) };
}

describe('after Redis evicted', () => {
  test.each<[keyof TopicKeys, string[]]>([
    ['log', []],
    ['meta', ['epoch_changed']],
    ['ids', []],
    ['olderIds', []],
  ])(
    '[D4] a topic’s %s, the next publish arrives, and a subscriber that missed nothing is told no more than is lost',
    async (key, reasons) => {
      await using it = await followed();
      await redis.del(it.keys[key]);
      await it.broker.publish(topic, namedUpTo(6, 7));
      await expect.poll(() => it.sink.numbers).toEqual([1, 2, 3, 4, 5, 6, 7]);
      it.sink.expectContiguous();
      expect(it.sink.gaps.map(({ reason }) => reason)).toEqual(reasons);
    },
  );

  test('[D4] the log, a subscriber that had not read it is told a gap', async () => {
    await using it = await followed();
    await redis.del(it.keys.log);
    await it.broker.publish(topic, [named(6)]);
    const { gap, records } = await it.broker.read(topic, { epoch: it.epoch, seq: 2 }, 10);
    expect(gap).toMatchObject({ lost: 3, reason: 'trimmed' });
    expect(numbersOf(records)).toEqual([6]);
  });

  test('[D4] the state of a topic, a cursor of the lost epoch is told as a gap', async () => {
    await using it = await followed();
    await redis.del(it.keys.meta);
    await it.broker.publish(topic, [named(6)]);
    const { gap, records } = await it.broker.read(topic, { epoch: it.epoch, seq: 2 }, 10);
    expect(gap).toMatchObject({ lost: null, reason: 'epoch_changed' });
    expect(numbersOf(records)).toEqual([6]);
  });

  test('[D3] the ids, they are restored from the log', async () => {
    await using it = await followed();
    await redis.del(it.keys.ids);
    expect(await it.broker.publish(topic, namedUpTo(1, 6))).toEqual([
      ...it.published.map(({ cursor }) => ({ cursor, duplicate: true })),
      { cursor: `${it.epoch}:6`, duplicate: false },
    ]);
    // All of them, also those that nobody asked for then.
    await redis.del(it.keys.log);
    expect(await it.broker.publish(topic, [named(3)])).toMatchObject([{ duplicate: true }]);
    expect(await redis.pttl(it.keys.ids)).toBeGreaterThan(9 * 60_000);
  });

  test('[D3] the older ids, they are restored from the log', async () => {
    await using it = await followed();
    await redis.hincrby(it.keys.meta, 'rotateAt', -5 * 60_000);
    await it.broker.publish(topic, [named(6)]);
    expect(await redis.hexists(it.keys.olderIds, 'id-3')).toBe(1);
    await redis.hincrby(it.keys.meta, 'olderUntil', 5 * 60_000); // five minutes did not pass
    await redis.del(it.keys.olderIds);
    expect(await it.broker.publish(topic, [named(3)])).toMatchObject([{ duplicate: true }]);
  });

  test('control: the ids and their records, an id is stored twice, and the operator is told', async () => {
    const warn = vi.fn();
    await using it = redisFixture({ maxRecords: 2, logger: { ...silent, warn } }, server.url);
    const { ids } = topicKeys(it.prefix, topic);
    await it.broker.publish(topic, namedUpTo(1, 5));
    await redis.del(ids);
    const [gone, held] = await it.broker.publish(topic, [named(1), named(5)]);
    expect([gone?.duplicate, held?.duplicate]).toEqual([false, true]);
    await redis.del(ids);
    await it.broker.publish(topic, [named(8)]);
    expect(warn.mock.calls).toEqual([[{ topic }, expect.stringContaining('noeviction')]]);
  });

  test('ids that were remembered long enough, nothing is lost', async () => {
    const warn = vi.fn();
    await using it = await followed({ logger: { ...silent, warn } });
    await redis.hincrby(it.keys.meta, 'rotateAt', -10 * 60_000);
    await redis.del(it.keys.ids); // as it expires
    await it.broker.publish(topic, [named(6)]);
    await it.broker.publish(topic, [named(7)]);
    expect(warn).not.toHaveBeenCalled();
  });

  test('the index of topics, a node that knows a topic enters it again, with or without a publish', async () => {
    await using it = await followed();
    const { topics } = indexKeys(it.prefix);
    await redis.del(topics);
    await expect.poll(() => redis.zrange(topics, 0, '-1')).toEqual([topic]);
    // Followers too: a node that published nothing itself.
    await using other = redisFixture({ prefix: it.prefix, checkIntervalMs: 50 }, server.url);
    await other.broker.topics(() => {});
    await it.broker.close();
    await redis.del(topics);
    await expect.poll(() => redis.zrange(topics, 0, '-1')).toEqual([topic]);
    // Control: one that holds nothing is not entered again.
    await redis.del(topics, it.keys.log);
    await other.broker.topics(() => {});
    expect(await redis.exists(topics)).toBe(0);
  });

  test('the index of topics, a topic that was looked for while its first publish entered it is entered again too', async () => {
    const prefix = randomUUID();
    const keys = indexKeys(prefix);
    const { log } = topicKeys(prefix, topic);
    let looks = 0;
    const index: TopicIndex = new TopicIndex({
      keys,
      maxAgeMs: 60_000,
      run: (send) => send(redis),
      check: async () => {
        await Promise.resolve(); // by then it is known that the topic is being entered
        if (looks++ === 0) await index.check();
      },
      holds: async () => (await redis.exists(log)) === 1,
      listen: () => () => {},
    });
    await index.enter(topic);
    await redis.xadd(log, '1-0', 'a', 'b');
    await redis.del(keys.topics);
    await index.check();
    expect(await redis.zrange(keys.topics, 0, '-1')).toEqual([topic]);
  });

  test.each([
    ['is gone', (key: string) => redis.del(key)],
    [
      'lacks a topic, as after a failover to a replica that lagged',
      (key: string) => redis.zrem(key, 'run-1'),
    ],
  ])(
    'the index of topics, and it %s, each node that only publishes enters its own again',
    async (_, lose) => {
      await using first = redisFixture({ checkIntervalMs: 50 }, server.url);
      await using second = redisFixture({ prefix: first.prefix, checkIntervalMs: 50 }, server.url);
      const { topics } = indexKeys(first.prefix);
      await first.broker.publish('run-1', [named(1)]);
      await second.broker.publish('run-2', [named(1)]);
      await lose(topics);
      await expect.poll(async () => (await redis.zrange(topics, 0, '-1')).sort()).toEqual(['run-1', 'run-2']);
    },
  );
});

describe('ids do not outlive their epoch', () => {
  const epochOf = (cursor = '') => parseCursor(cursor).epoch;

  test('[D1] [D3] when the state is lost: a retry is stored again, in the new epoch', async () => {
    await using it = await followed();
    await redis.del(it.keys.meta);
    const [again, twice] = await it.broker.publish(topic, [named(5), named(5)]);
    expect(again?.duplicate).toBe(false);
    expect(twice).toEqual({ cursor: again?.cursor, duplicate: true });
    const { epoch } = await it.broker.bounds(topic);
    expect(epoch).not.toBe(it.epoch);
    expect(epochOf(again?.cursor)).toBe(epoch);
    expect(numbersOf((await it.broker.read(topic, { epoch, seq: 0 }, 10)).records)).toEqual([5]);
  });

  test('[D1] [D3] when the log is rewound: a retry is stored again, whether or not the snapshot held it', async () => {
    await using rewound = await startRedis();
    await using log = redisFixture({}, rewound.url);
    await log.broker.publish(topic, namedUpTo(1, 2));
    await admin(rewound, (say) => say.save());
    await log.broker.publish(topic, [named(3)]);
    await rewound.kill();
    await rewound.restart();
    await expect.poll(() => log.broker.connect().then(() => 'connected', String)).toBe('connected');
    const results = await log.broker.publish(topic, namedUpTo(1, 3));
    expect(results.map(({ duplicate }) => duplicate)).toEqual([false, false, false]);
    const { epoch, last } = await log.broker.bounds(topic);
    expect([last, ...results.map(({ cursor }) => epochOf(cursor))]).toEqual([3, epoch, epoch, epoch]);
    expect(await log.broker.publish(topic, namedUpTo(1, 3))).toMatchObject(
      results.map(({ cursor }) => ({ cursor, duplicate: true })), // the control
    );
  });

  test('[D3] except that ids written by a version without marks count as far as they are of this epoch', async () => {
    await using it = await followed();
    await redis.hdel(it.keys.ids, ' ');
    await redis.hset(it.keys.ids, { 'id-20': 'gone:1', 'id-21': `${it.epoch}:2` });
    const results = await it.broker.publish(topic, [named(20), named(21), named(5)]);
    expect(results.map(({ duplicate }) => duplicate)).toEqual([false, true, true]);
  });
});
