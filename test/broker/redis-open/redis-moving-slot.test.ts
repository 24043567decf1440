import { afterAll, beforeAll, expect, test } from 'vitest';
import { topicKeys } from '../../../server/broker/redis/log/keys.ts';
import { parseCursor } from '../../../shared/cursor.ts';
import { type RedisCluster, startRedisCluster } from '../../setup/redis-cluster.ts';
import { allRecords, entries, entry } from '../contract/entries.ts';
import { redisFixture } from '../contract/fixtures.ts';
import {
  comparable,
  MOST,
  OpenRecordingSink,
  openOf,
  ownerOf,
  reply,
  settling,
  topic,
} from '../open/open-events.ts';
import { admin, expectNothingPrinted } from '../redis/redis-admin.ts';

let cluster: RedisCluster;
beforeAll(async () => {
  cluster = await startRedisCluster(['--cluster-node-timeout', '120000']);
});
afterAll(() => cluster[Symbol.asyncDispose]());

expectNothingPrinted();

test('[O1] while a slot moves, no change is half done: records and set agree, and tails follow', {
  timeout: 120_000,
}, async () => {
  await using log = redisFixture({ timeoutMs: 20_000, checkIntervalMs: 200 }, cluster.url);
  const sink = new OpenRecordingSink();
  await log.broker.tail(topic, sink);
  // All keys of the log are there, as in a topic that is used for long: none of them has Redis refuse a script.
  const [first] = await log.broker.publish(topic, entries(1, 2));
  const { epoch } = parseCursor(first?.cursor ?? '');
  await log.broker.erase(topic, epoch, [1], [entry(3)]);
  const { log: key, olderIds } = topicKeys(log.prefix, topic);
  await admin(await cluster.masterOf(key), (redis) => redis.hset(olderIds, ' ', epoch));
  let running = true;
  const begun: string[] = [];
  const settled: string[] = [];
  const working = Promise.all(
    Array.from({ length: 3 }, async (_, w) => {
      const sets = openOf(log.another());
      for (let n = 0; running; n++) {
        const event = reply('', { key: `${w} ${n}` });
        await sets.begin(topic, event, MOST);
        begun.push(event.id);
        await sets.append(topic, ownerOf(event), 0, 'text');
        if (n % 4 === 0) continue;
        await sets.settle(topic, settling(event, 'done'));
        settled.push(event.id);
      }
    }),
  );
  for (let round = 0; round < 4; round++) {
    const before = settled.length;
    await expect.poll(() => settled.length).toBeGreaterThan(before + 20);
    await cluster.moveSlot(key);
  }
  running = false;
  await working;
  const records = (await allRecords(log.broker, topic)).slice(3).map(({ id }) => id);
  expect(records.toSorted()).toEqual([...begun, ...settled.map((id) => `${id}.settled`)].toSorted());
  const set = await openOf(log.broker).read(topic);
  expect(set.events.map(({ id }) => id).toSorted()).toEqual(
    begun.filter((id) => !settled.includes(id)).toSorted(),
  );
  expect(set.events.every(({ grows }) => grows?.text === 'text')).toBe(true);
  await expect.poll(() => comparable({ ...sink.mirror(), at: set.at })).toEqual(comparable(set));
  sink.expectInOrder();
});

test('control: while its slot moves, a script that writes to a key it has not named ends midway', async () => {
  const names = Array.from({ length: 300 }, (_, n) => `{moving}:${n}`);
  const [first = ''] = names.toSorted();
  const source = await cluster.masterOf(first);
  const script = `redis.call('INCR', KEYS[1]) redis.call('SET', KEYS[1] .. ':' .. ARGV[1], 1)`;
  await admin(source, async (redis) => {
    for (const name of names) await redis.set(name, 0);
    const moving = cluster.moveSlot(first);
    const errors: string[] = [];
    for (let n = 0; !errors.some((error) => /non local key/.test(error)) && n < 100_000; n++)
      await redis.eval(script, 1, first, n).catch((error) => errors.push(String(error)));
    await moving;
    expect(errors.at(-1)).toMatch(/non local key/);
  });
});
