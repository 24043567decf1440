import { afterAll, beforeAll, describe } from 'vitest';
import { type RedisCluster, startRedisCluster } from '../../setup/redis-cluster.ts';
import { type RedisSentinel, startRedisSentinel } from '../../setup/redis-sentinel.ts';
import { describeOpen } from '../open/open-contract.ts';
import { describeErase } from './erase-contract.ts';
import { redisKind } from './fixtures.ts';
import { describeLog } from './log-contract.ts';
import { describeRetention } from './retention-contract.ts';
import { describeSchemas } from './schemas-contract.ts';
import { describeTail } from './tail-contract.ts';
import { describeTopics } from './topics-contract.ts';
import { describeTypeRetention } from './type-retention-contract.ts';
import { describeVersions } from './versions-contract.ts';

/** No master is replaced here, however late a busy machine makes it answer. */
const NEVER_MS = 120_000;

describe.each([
  {
    name: 'a Cluster',
    start: (): Promise<RedisCluster | RedisSentinel> =>
      startRedisCluster(['--cluster-node-timeout', `${NEVER_MS}`]),
  },
  { name: 'Redis behind Sentinels', start: () => startRedisSentinel({ silentMs: NEVER_MS }) },
])('RedisBroker on $name', ({ start, name }) => {
  let topology: RedisCluster | RedisSentinel;
  beforeAll(async () => {
    topology = await start();
  }, 60_000);
  afterAll(() => topology[Symbol.asyncDispose]());

  const kind = redisKind(
    name,
    () => topology.url,
    (key) => ('masterOf' in topology ? topology.masterOf(key) : topology.master()),
  );
  describeErase(kind);
  describeLog(kind);
  describeOpen(kind);
  describeRetention(kind);
  describeTail(kind);
  describeTopics(kind);
  describeSchemas(kind);
  describeTypeRetention(kind);
  describeVersions(kind);
});
