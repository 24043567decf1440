import { afterAll, beforeAll, describe } from 'vitest';
import { isLong } from '../../faults/chaos.ts';
import { type RedisCluster, startRedisCluster } from '../../setup/redis-cluster.ts';
import { type RedisSentinel, startRedisSentinel } from '../../setup/redis-sentinel.ts';
import { describeOpenBegin } from '../open/open-begin-contract.ts';
import { describeOpen } from '../open/open-contract.ts';
import { describeOpenTail } from '../open/open-tail-contract.ts';
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
const SENTINELS = 'Redis behind Sentinels';

describe.each([
  {
    name: 'a Cluster',
    start: (): Promise<RedisCluster | RedisSentinel> =>
      startRedisCluster(['--cluster-node-timeout', `${NEVER_MS}`]),
  },
  { name: SENTINELS, start: () => startRedisSentinel({ silentMs: NEVER_MS }) },
])('RedisBroker on $name', ({ start, name }) => {
  let topology: RedisCluster | RedisSentinel;
  beforeAll(async () => {
    topology = await start();
  });
  afterAll(() => topology[Symbol.asyncDispose]());

  const kind = redisKind(
    name,
    () => topology.url,
    (key) => ('masterOf' in topology ? topology.masterOf(key) : topology.master()),
  );
  describeLog(kind);
  describeTail(kind);
  describeTopics(kind);
  describeSchemas(kind);
  // Redis behind Sentinels is one server as any other, once it is found: the suite on a Redis alone shows what its scripts
  // do, and here it is repeated in the long form only.
  if (name !== SENTINELS || isLong) {
    describeErase(kind);
    describeOpen(kind);
    describeRetention(kind);
    describeTypeRetention(kind);
    describeVersions(kind);
  } else {
    describeOpenBegin(kind);
    describeOpenTail(kind);
  }
});
