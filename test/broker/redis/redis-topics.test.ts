import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { expect, inject, test } from 'vitest';
import type { ChannelListener } from '../../../server/broker/redis/live/live-channels.ts';
import { TopicIndex } from '../../../server/broker/redis/live/topic-index.ts';
import { indexKeys } from '../../../server/broker/redis/log/keys.ts';
import { deferred } from '../../support/deferred.ts';
import { entry } from '../contract/entries.ts';
import { redisFixture } from '../contract/fixtures.ts';

test('a new topic is announced, so that nobody waits for a check', async () => {
  await using log = redisFixture({ checkIntervalMs: 3_600_000 });
  const told: string[] = [];
  await log.broker.topics((names) => told.push(...names));
  // Announcements arrive once it is subscribed, which it is a while after this.
  for (let n = 1; told.length === 0; n++) {
    await log.another().publish(`topic-${n}`, [entry(1)]);
    await expect
      .poll(() => told.length, { timeout: 500 })
      .toBeGreaterThan(0)
      .catch(() => {});
  }
  const before = told.length;
  await log.another().publish('last', [entry(1)]);
  await expect.poll(() => told.slice(before)).toContain('last');
});

test('the next check finds a topic whose announcement was lost', async () => {
  await using log = redisFixture({ checkIntervalMs: 20 });
  const told: string[] = [];
  await log.broker.topics((names) => told.push(...names));
  const redis = new Redis(inject('redisUrl'));
  await redis.zadd(indexKeys(log.prefix).topics, Date.now(), 'unannounced');
  redis.disconnect();
  await expect.poll(() => told).toContain('unannounced');
});

test('[D2] a topic that cannot be entered in the index is not written to', async () => {
  await using log = redisFixture();
  const redis = new Redis(inject('redisUrl'));
  const { topics } = indexKeys(log.prefix);
  await redis.set(topics, 'of another kind');
  await expect(log.broker.publish('a', [entry(1)])).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  expect((await log.broker.bounds('a')).last).toBe(0);
  await redis.del(topics);
  redis.disconnect();
  await log.broker.publish('a', [entry(1)]);
  expect((await log.broker.bounds('a')).last).toBe(1);
});

test('a topic that is announced while the index is restored, of whoever begins to follow, is not missed', async () => {
  const redis = new Redis(inject('redisUrl'));
  const [entered, asked, answered] = [deferred(), deferred(), deferred()];
  let listener: ChannelListener | undefined;
  const index = new TopicIndex({
    keys: indexKeys(`test-${randomUUID()}`),
    maxAgeMs: 1000,
    run: (send) => send(redis),
    // The entry of the topic is on its way while the index is read.
    check: () => entered.promise,
    holds: async () => {
      asked.resolve();
      await answered.promise;
      return false;
    },
    listen: (each) => {
      listener = each;
      return () => {};
    },
  });
  const entering = index.enter('new');
  const told: string[] = [];
  const following = index.follow((names) => told.push(...names));
  await asked.promise;
  listener?.message('new');
  answered.resolve();
  await following;
  expect(told).toEqual(['new']);
  entered.resolve();
  await entering;
  await index.close();
  redis.disconnect();
});
