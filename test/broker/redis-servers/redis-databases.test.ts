import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { topicKeys } from '../../../server/broker/redis/log/keys.ts';
import type { RedisSource } from '../../../server/broker/redis/servers/open-topology.ts';
import { startRedis } from '../../setup/redis-server.ts';
import { entries, entry, RecordingSink } from '../contract/entries.ts';
import { redisFixture } from '../contract/fixtures.ts';
import { admin } from '../redis/redis-admin.ts';

const topic = 'run-1';
const NEVER_MS = 3_600_000;

/** Listens to a publisher by announcements alone; both have the same prefix. */
async function heard(publisher: RedisSource, listener: RedisSource) {
  const prefix = `test-${randomUUID()}`;
  const options = { prefix, checkIntervalMs: NEVER_MS };
  await using from = redisFixture(options, publisher);
  await using to = redisFixture(options, listener);
  const sink = new RecordingSink();
  const topics: string[] = [];
  await to.broker.tail(topic, sink);
  await to.broker.topics((names) => topics.push(...names));
  await to.broker.publish(topic, [entry(1)]);
  await expect.poll(() => sink.numbers).toEqual([1]);
  await from.broker.publish(topic, entries(2, 9));
  await from.broker.publish('other', [entry(1)]);
  await to.broker.publish(topic, [entry(10)]);
  await expect.poll(() => sink.numbers.at(-1)).toBe(10);
  // Both come last on their channels: nothing that was to be heard is still on its way.
  await to.broker.publish('last', [entry(1)]);
  await expect.poll(() => topics).toContain('last');
  return { numbers: sink.numbers, gaps: sink.gaps.length, topics: [...new Set(topics)].toSorted() };
}

test('brokers on different databases of one Redis do not hear each other, and those on the same one do', async () => {
  await using server = await startRedis();
  const at = (db: number): RedisSource => ({ url: `${server.url}/${db}` });
  const made: RedisSource = { connect: (options) => new Redis({ ...options, port: server.port, db: 1 }) };
  const alone = { numbers: [1, 10], gaps: 0, topics: ['last', topic] };
  const together = {
    numbers: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    gaps: 0,
    topics: expect.arrayContaining(['last', 'other', topic]),
  };
  expect(await heard(at(0), at(1))).toEqual(alone);
  expect(await heard(at(1), at(0))).toEqual(alone);
  expect(await heard(at(2), made)).toEqual(alone);
  expect(await heard(at(1), at(1))).toEqual(together);
  expect(await heard(at(0), { url: server.url })).toEqual(together);
  expect(await heard(at(1), made)).toEqual(together);
});

test('the channels of database 0 have the names on which older versions announce', async () => {
  await using server = await startRedis();
  await using log = redisFixture({}, server.url);
  const sink = new RecordingSink();
  await log.broker.tail(topic, sink);
  const { epoch } = await log.broker.bounds(topic);
  const announced = [`${epoch} 1 1`, 'tick', 'id-1', entry(1).json, ''].join('\n');
  await admin(server, (redis) => redis.spublish(`${log.prefix}:{${topic}}:live`, announced));
  await expect.poll(() => sink.numbers).toEqual([1]);
  expect(topicKeys('psyche', 'a', 3).live).toBe('psyche:{a}:live:3');
});
