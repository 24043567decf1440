import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { topicKeys } from '../../../server/broker/redis/log/keys.ts';
import { type RedisCluster, startRedisCluster } from '../../setup/redis-cluster.ts';
import { type RedisSentinel, startRedisSentinel } from '../../setup/redis-sentinel.ts';
import type { RedisServer } from '../../setup/redis-server.ts';
import { entries, entry, RecordingSink } from '../contract/entries.ts';
import { redisFixture } from '../contract/fixtures.ts';
import { admin, expectNothingPrinted } from '../redis/redis-admin.ts';

const topic = 'run-1';

expectNothingPrinted();

/** The server that has a topic, and the one that takes over from it. */
interface Pair extends AsyncDisposable {
  readonly url: string;
  of(key: string): Promise<{ master: RedisServer; replica: RedisServer }>;
  heal(): Promise<void>;
}

function clusterPair(cluster: RedisCluster): Pair {
  return {
    url: cluster.url,
    of: async (key) => ({ master: await cluster.masterOf(key), replica: await cluster.replicaOf(key) }),
    heal: () => cluster.heal(),
    [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose](),
  };
}

function sentinelPair(sentinel: RedisSentinel): Pair {
  return {
    url: sentinel.url,
    async of() {
      const master = await sentinel.master();
      const replica = sentinel.servers.find((server) => server !== master);
      if (!replica) throw new Error('there is no replica');
      return { master, replica };
    },
    heal: () => sentinel.heal(),
    [Symbol.asyncDispose]: () => sentinel[Symbol.asyncDispose](),
  };
}

describe.each([
  { name: 'a Cluster', start: async () => clusterPair(await startRedisCluster()) },
  {
    name: 'Redis behind Sentinels',
    start: async () => sentinelPair(await startRedisSentinel({ replicas: 1 })),
  },
])('$name', ({ start }) => {
  let pair: Pair;
  beforeAll(async () => {
    pair = await start();
  });
  afterAll(() => pair[Symbol.asyncDispose]());

  /**
   * A process has seen six records. The replica, which got three of them, takes over; and somebody who has seen none
   * publishes at once.
   */
  async function failOverWithoutTheEnd() {
    await pair.heal();
    const log = redisFixture({}, pair.url);
    const { master, replica } = await pair.of(topicKeys(log.prefix, topic).log);
    const sink = new RecordingSink();
    await log.broker.tail(topic, sink);
    const publisher = redisFixture({ prefix: log.prefix }, pair.url);
    await publisher.broker.publish(topic, entries(1, 3));
    await admin(master, (redis) => redis.wait(1, 10_000));
    replica.freeze();
    await admin(master, (redis) => redis.call('CLIENT', 'KILL', 'TYPE', 'REPLICA'));
    await publisher.broker.publish(topic, entries(4, 6));
    await expect.poll(() => sink.numbers).toEqual([1, 2, 3, 4, 5, 6]);
    await publisher[Symbol.asyncDispose]();
    const { epoch } = sink.received.at(-1) ?? { epoch: '' };
    await master.kill();
    replica.thaw();
    return { log, sink, epoch };
  }

  test('[D1] [D4] a replica that lacks the end of the log takes over with a new epoch, and subscribers are told', async () => {
    const { log, sink, epoch } = await failOverWithoutTheEnd();
    await expect.poll(() => sink.gaps.length).toBe(1);
    await log.broker.publish(topic, [entry(7)]);
    await expect.poll(() => sink.numbers.at(-1)).toBe(7);
    sink.expectContiguous();
    expect(sink.gaps).toMatchObject([{ from: { epoch, seq: 6 }, lost: null, reason: 'epoch_changed' }]);
    expect(sink.received.at(-1)?.epoch).not.toBe(epoch);
    await log[Symbol.asyncDispose]();
  });

  test('control: a subscriber that knows nothing of the failover takes reused numbers for the next records', async () => {
    const { log, epoch } = await failOverWithoutTheEnd();
    await log[Symbol.asyncDispose](); // the only one that knew
    await using newcomer = redisFixture({ prefix: log.prefix }, pair.url);
    const others = entries(104, 108); // tried again with the same ids
    await expect
      .poll(() => newcomer.broker.publish(topic, others).then(() => 'published', String))
      .toBe('published');
    const { gap, records } = await newcomer.broker.read(topic, { epoch, seq: 6 }, 10);
    expect(gap).toBeNull();
    expect(records.map(({ seq }) => seq)).toEqual([7, 8]);
  });

  test('[D4] a replica that has the whole log takes over, and no gap is told', async () => {
    await pair.heal();
    await using log = redisFixture({}, pair.url);
    const { master } = await pair.of(topicKeys(log.prefix, topic).log);
    const sink = new RecordingSink();
    await log.broker.tail(topic, sink);
    await log.broker.publish(topic, entries(1, 3));
    await admin(master, (redis) => redis.wait(1, 10_000));
    await master.kill();
    await expect
      .poll(() => log.broker.publish(topic, [entry(4, 'four')]).then(() => 'published', String))
      .toBe('published');
    await expect.poll(() => sink.numbers).toEqual([1, 2, 3, 4]);
    sink.expectContiguous();
    expect(sink.gaps).toEqual([]);
  });
});
