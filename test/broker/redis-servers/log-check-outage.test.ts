import { expect, test } from 'vitest';
import { BrokersLog } from '../../../server/log-check/brokers-log.ts';
import { startRedis } from '../../setup/redis-server.ts';
import { entries } from '../contract/entries.ts';
import { redisFixture } from '../contract/fixtures.ts';
import { admin } from '../redis/redis-admin.ts';

test('a look through a log fails when its Redis is gone by then', async () => {
  await using server = await startRedis();
  await using fixture = redisFixture({ timeoutMs: 2_000 }, server.url);
  await fixture.broker.publish('run-1', entries(1, 3));
  const log = new BrokersLog(fixture.broker, 500);
  await log.schemas();
  await server.kill();
  await expect(log.count()).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringContaining('were not told within 0.5 s'),
  });
});

test('a look through a log fails when its account may not read the names of topics', async () => {
  await using server = await startRedis();
  await using fixture = redisFixture({ timeoutMs: 2_000 }, server.url);
  await fixture.broker.publish('run-1', entries(1, 3));
  await admin(server, (redis) => redis.call('ACL', 'SETUSER', 'default', '-zrange'));
  await expect(new BrokersLog(fixture.broker, 500).count()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  await admin(server, (redis) => redis.call('ACL', 'SETUSER', 'default', '+zrange'));
  expect(await new BrokersLog(fixture.broker).count()).toBe(3);
});
