import { afterAll, beforeAll, describe, test } from 'vitest';
import { indexKeys, topicKeys } from '../../server/broker/redis/log/keys.ts';
import { size } from '../faults/chaos.ts';
import { NEVER_MS, type RedisCluster, startRedisCluster } from '../setup/redis-cluster.ts';
import { type RedisSentinel, startRedisSentinel } from '../setup/redis-sentinel.ts';
import { expectModel, timeout } from './check-model.ts';
import { BY_TYPE, TOPIC } from './logs/backend.ts';
import { type Addresses, redisBackend } from './logs/redis-backend.ts';
import { ALL, expectOpenModel } from './open/check-open-model.ts';

describe.each([
  {
    name: 'a Cluster',
    start: (): Promise<RedisCluster | RedisSentinel> =>
      startRedisCluster(['--cluster-node-timeout', `${NEVER_MS}`]),
  },
  { name: 'Redis behind Sentinels', start: () => startRedisSentinel({ silentMs: NEVER_MS }) },
])(
  '[D1]–[D8] [V1]–[V8] every subscriber gets what the reference model says, on $name,',
  ({ start, name }) => {
    let topology: RedisCluster | RedisSentinel;
    let masters: Addresses;
    beforeAll(async () => {
      topology = await start();
      // The tag of a topic's keys decides, and it is the same whatever the prefix.
      const { log } = topicKeys('any', TOPIC);
      const { open } = indexKeys('any');
      const [topics, index] = await Promise.all(
        [log, open].map((key) => ('masterOf' in topology ? topology.masterOf(key) : topology.master())),
      );
      masters = { topics: topics?.url ?? '', index: index?.url ?? '' };
    }, 60_000);
    afterAll(() => topology[Symbol.asyncDispose]());

    test('with one limit of all types', { timeout }, () =>
      expectModel(name, () => redisBackend(topology.url, undefined, masters), size(4, 1000)),
    );
    test('and open events are what the reference says', { timeout }, () =>
      expectOpenModel(name, () => redisBackend(topology.url, ALL, masters), size(4, 1000)),
    );
    test('with limits of types', { timeout }, () =>
      expectModel(`${name}, by type`, () => redisBackend(topology.url, BY_TYPE, masters), size(4, 1000)),
    );
  },
);
