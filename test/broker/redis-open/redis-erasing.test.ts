import type { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { topicKeys } from '../../../server/broker/redis/log/keys.ts';
import { EventManager } from '../../../server/index.ts';
import { defineEvents, growing, presence, question } from '../../../shared/index.ts';
import { startRedis } from '../../setup/redis-server.ts';
import { redisFixture } from '../contract/fixtures.ts';
import { admin } from '../redis/redis-admin.ts';

const catalog = defineEvents({
  reply: growing(z.object({ text: z.string() }), 'text'),
  approval: question({ asks: z.object({ tool: z.string() }), answers: z.object({ why: z.string() }) }),
  viewer: presence(z.object({ name: z.string() })),
});

/** All that can be read from a key, names of keys included. */
async function contentOf(redis: Redis, key: string): Promise<unknown> {
  switch (await redis.type(key)) {
    case 'string':
      return [key, await redis.get(key)];
    case 'hash':
      return [key, await redis.hgetall(key)];
    case 'list':
      return [key, await redis.lrange(key, 0, -1)];
    case 'zset':
      return [key, await redis.zrange(key, '0', '-1')];
    case 'stream':
      return [key, await redis.xrange(key, '-', '+')];
    default:
      throw new Error(`${key} is of a type that this test does not know`);
  }
}

test('[V7] no key of Redis has anything of open events that were erased', async () => {
  await using server = await startRedis();
  await using log = redisFixture({}, server.url);
  const manager = new EventManager({ catalog, broker: log.broker });
  const { opens } = manager;
  const everything = () =>
    admin(server, async (redis) => {
      const keys = await redis.keys('*');
      return JSON.stringify(await Promise.all(keys.map((key) => contentOf(redis, key))));
    });
  const secrets = async () => new Set((await everything()).match(/secret-\d+/g));
  const grow = async (first: number) => {
    const begun = await opens.begin('reply', { text: `secret-${first}` }, { key: `key-${first}` });
    const at = `secret-${first}`.length;
    await opens.append({ ...begun, by: undefined, at, text: `secret-${first + 1}` });
    return begun;
  };
  const open = await grow(1);
  const done = await grow(3);
  await opens.settle({ ...done, by: undefined, state: 'done' });
  const asked = await opens.begin('approval', { tool: 'secret-5' });
  await manager.answer('approval', asked.id, { why: 'secret-6' });
  expect((await secrets()).size).toBe(6);
  expect(await manager.erase({ filter: {} })).toEqual({ erased: 5 });
  const left = await everything();
  expect(left).not.toContain('secret');
  // Ids stay in the notices and in the places of what was erased, and nowhere else.
  const { open: set } = topicKeys(log.prefix, 'default');
  const names = await admin(server, (redis) => redis.keys(`${set.replace(/[{}]/g, '\\$&')}*`));
  expect(names).toEqual([set]);
  const stand = await admin(server, (redis) => redis.hgetall(set));
  expect(stand).toEqual({ ' ': expect.stringMatching(/^\w+ 8 \d+ 0$/) });
  await expect(opens.append({ ...open, by: undefined, at: 0, text: 'x' })).rejects.toMatchObject({
    code: 'NOT_OPEN',
  });
  await manager.close();
});

test('the size of a set is that of what is open, whatever came and went', async () => {
  await using server = await startRedis();
  await using log = redisFixture({}, server.url);
  const manager = new EventManager({ catalog, broker: log.broker });
  const { opens } = manager;
  const { open: set } = topicKeys(log.prefix, 'default');
  const size = async () => {
    const stand = await admin(server, (redis) => redis.hget(set, ' '));
    return Number(stand?.split(' ').at(3));
  };
  const reply = await opens.begin('reply', { text: 'ab' }, { key: 'k' });
  const { events } = await log.broker.open.read('default');
  const before = 'k'.length + (events[0]?.entry.json.length ?? 0) + 2;
  expect(await size()).toBe(before);
  await opens.append({ ...reply, by: undefined, at: 2, text: '😀漢' });
  expect(await size()).toBe(before + 3);
  const member = await opens.begin('viewer', { name: 'Ada' });
  const joined = await size();
  await opens.update({ ...member, by: undefined, data: { name: 'A' } });
  expect(await size()).toBe(joined - 2);
  await opens.settle({ ...member, by: undefined, state: 'left' });
  expect(await size()).toBe(before + 3);
  await opens.settle({ ...reply, by: undefined, state: 'done' });
  expect(await size()).toBe(0);
  await manager.close();
});
