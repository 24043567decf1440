import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { topicKeys } from '../../../server/broker/redis/log/keys.ts';
import type { RedisSource } from '../../../server/broker/redis/servers/open-topology.ts';
import { type RedisSentinel, startRedisSentinel } from '../../setup/redis-sentinel.ts';
import type { RedisServer } from '../../setup/redis-server.ts';
import { until } from '../../setup/until.ts';
import { entry } from '../contract/entries.ts';
import { redisFixture } from '../contract/fixtures.ts';
import { admin, expectNothingPrinted } from '../redis/redis-admin.ts';

const topic = 'run-1';
/** Never, to a test: no Sentinel replaces a master by itself. */
const NEVER_MS = 120_000;

expectNothingPrinted();

const isMaster = (server: RedisServer) =>
  admin(server, async (one) => String(await one.call('ROLE')).startsWith('master'));

/** A master is replaced, and both can be reached: the Sentinels take seconds before they get to the old one. */
async function replaceMaster(redis: RedisSentinel, source: string | RedisSource = redis.url) {
  const log = redisFixture({}, source);
  const lengthAt = (server: RedisServer) =>
    admin(server, (one) => one.xlen(topicKeys(log.prefix, topic).log));
  const publish = () => log.broker.publish(topic, [entry(1)]);
  const old = await redis.master();
  await publish();
  await admin(old, (one) => one.wait(1, 10_000));
  const [sentinel] = redis.sentinels;
  if (!sentinel) throw new Error('there is no Sentinel');
  await until('the Sentinels agree to replace it', async () => {
    await admin(sentinel, (one) => one.call('SENTINEL', 'FAILOVER', 'mymaster'));
    return true;
  });
  const successor = redis.servers.find((server) => server !== old);
  if (!successor) throw new Error('there is no replica');
  // Each Sentinel learns of it in its own time.
  await until(
    'there is a successor',
    async () => (await redis.master()) === successor && isMaster(successor),
  );
  return { log, old, successor, lengthAt, publish };
}

test('[D4] connections move to a new master at once, even if the old one still accepts writes', async () => {
  await using redis = await startRedisSentinel({ replicas: 1, silentMs: NEVER_MS });
  const { log, old, successor, lengthAt, publish } = await replaceMaster(redis);
  await until('what is published gets to the successor', async () => {
    await publish();
    return (await lengthAt(successor)) > 1;
  });
  expect(await isMaster(old)).toBe(true);
  await log[Symbol.asyncDispose]();
});

test('control: a connection that does not listen to the Sentinels stays with the old master', async () => {
  await using redis = await startRedisSentinel({ replicas: 1, silentMs: NEVER_MS });
  const sentinels = redis.sentinels.map(({ port }) => ({ host: '127.0.0.1', port }));
  const connect: RedisSource['connect'] = (options) => new Redis({ ...options, sentinels, name: 'mymaster' });
  const { log, old, successor, lengthAt, publish } = await replaceMaster(redis, { connect });
  for (const one of redis.sentinels) one.freeze(); // or they may get to the old one while this is looked at
  for (let n = 0; n < 10; n++) await publish();
  expect(await lengthAt(old)).toBe(11);
  expect(await lengthAt(successor)).toBe(1);
  await log[Symbol.asyncDispose]();
});
