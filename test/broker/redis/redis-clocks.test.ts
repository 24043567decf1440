import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import { indexKeys, topicKeys } from '../../../server/broker/redis/log/keys.ts';
import type { RedisBroker } from '../../../server/broker/redis/redis-broker.ts';
import { entries, entry, numbersOf } from '../contract/entries.ts';
import { redisFixture } from '../contract/fixtures.ts';

const topic = 'run-1';
const HOUR = 3_600_000;
const YEAR = 365 * 24 * HOUR;
let redis: Redis;
beforeAll(() => {
  redis = new Redis(inject('redisUrl'));
});
afterAll(() => redis.disconnect());

/** Has one node do something while its clock, and no other, is so far off. */
async function off<T>(byMs: number, act: () => Promise<T>): Promise<T> {
  const { now } = Date;
  using _ = vi.spyOn(Date, 'now').mockImplementation(() => now() + byMs);
  return await act();
}

async function topicsOf(broker: RedisBroker): Promise<string[]> {
  const told = new Set<string>();
  const tail = await broker.topics((names) => {
    for (const name of names) told.add(name);
  });
  tail.close();
  return [...told].toSorted();
}

describe.each([
  ['an hour ahead', HOUR],
  ['an hour behind', -HOUR],
  ['a year ahead', YEAR],
  ['a year behind', -YEAR],
])('a node whose clock is %s', (_, byMs) => {
  test('finds all topics, and so do the others; records and ids are as with a right clock', async () => {
    const prefix = `test-${randomUUID()}`;
    await using right = redisFixture({ prefix });
    await using wrong = redisFixture({ prefix });
    await right.broker.publish('right', entries(1, 3));
    await off(byMs, () => wrong.broker.publish('wrong', entries(1, 3)));
    await off(byMs, () => wrong.broker.publish('right', [entry(4, 'key')]));
    await right.broker.publish('later', [entry(1)]);
    expect(await topicsOf(right.another())).toEqual(['later', 'right', 'wrong']);
    expect(await off(byMs, () => topicsOf(wrong.another()))).toEqual(['later', 'right', 'wrong']);

    const { epoch } = await right.broker.bounds('right');
    const { records, gap } = await right.broker.read('right', { epoch, seq: 0 }, 10);
    expect(gap).toBeNull();
    expect(numbersOf(records)).toEqual([1, 2, 3, 4]);
    for (const { at } of records) expect(Math.abs(at - Date.now())).toBeLessThan(HOUR / 2);
    expect(await right.broker.publish('right', [entry(5, 'key')])).toMatchObject([{ duplicate: true }]);
  });
});

test('control: a topic entered with a clock that is behind would be forgotten at once', async () => {
  await using log = redisFixture();
  const { topics } = indexKeys(log.prefix);
  await redis.zadd(topics, Date.now() - YEAR, 'entered a year ago, it says');
  await log.broker.publish('new', [entry(1)]);
  expect(await topicsOf(log.another())).toEqual(['new']);
});

test('a node with a retention of one second removes no topic from the index that another node keeps for a day', async () => {
  const prefix = `test-${randomUUID()}`;
  await using long = redisFixture({ prefix });
  await using short = redisFixture({ prefix, maxAgeMs: 1 });
  const { topics, kept } = indexKeys(prefix);
  await long.broker.publish('kept', [entry(1)]);
  await redis.zincrby(topics, -HOUR, 'kept'); // an hour passes
  await short.broker.publish('new', [entry(1)]);
  expect(await topicsOf(short.another())).toEqual(['kept', 'new']);
  expect(await redis.pttl(topics)).toBeGreaterThan(23 * HOUR);
  // Once the other has not been there for as long as it keeps them, they are forgotten: the control.
  await redis.hset(kept, 'until', Date.now() - 1);
  await short.broker.publish('newer', [entry(1)]);
  expect(await topicsOf(short.another())).toEqual(['new', 'newer']);
});

describe('a Redis whose clock is set back by a year', () => {
  /** A topic whose times were set by a clock that ran ahead. */
  async function ahead(count: number, options: Parameters<typeof redisFixture>[0] = {}) {
    const log = redisFixture(options);
    await log.broker.publish(topic, entries(1, count));
    const keys = topicKeys(log.prefix, topic);
    for (const field of ['at', 'trimAt', 'rotateAt', 'olderUntil'])
      await redis.hincrby(keys.meta, field, YEAR);
    return { ...log, keys };
  }

  test('[D3] goes on forgetting ids, and none before its time', async () => {
    await using it = await ahead(1);
    await it.broker.publish(topic, [entry(2, 'a')]);
    const rotateAt = Number(await redis.hget(it.keys.meta, 'rotateAt'));
    expect(rotateAt).toBeLessThan(Date.now() + HOUR);
    await redis.hincrby(it.keys.meta, 'rotateAt', -6 * 60_000);
    await it.broker.publish(topic, [entry(3, 'b')]);
    expect(await it.broker.publish(topic, [entry(4, 'a'), entry(5, 'b')])).toMatchObject([
      { duplicate: true },
      { duplicate: true },
    ]);
    await redis.hincrby(it.keys.meta, 'rotateAt', -6 * 60_000);
    await it.broker.publish(topic, [entry(6, 'c')]);
    expect(await redis.hexists(it.keys.ids, 'a')).toBe(0);
    expect(await redis.hexists(it.keys.olderIds, 'a')).toBe(0);
  });

  test('[D4] does not let a log that is written to expire all at once', async () => {
    await using it = await ahead(3);
    await redis.pexpire(it.keys.log, 500);
    await it.broker.publish(topic, [entry(4)]);
    expect(await redis.pttl(it.keys.log)).toBeGreaterThan(HOUR);
    expect(Number(await redis.hget(it.keys.meta, 'trimAt'))).toBeLessThan(Date.now() + HOUR);
  });
});
