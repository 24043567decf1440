import { afterAll, beforeAll, expect, test } from 'vitest';
import { topicKeys } from '../../../server/broker/redis/log/keys.ts';
import { type RedisCluster, startRedisCluster } from '../../setup/redis-cluster.ts';
import { allRecords } from '../entries.ts';
import { redisFixture } from '../fixtures.ts';
import {
  comparable,
  MOST,
  OpenRecordingSink,
  openOf,
  ownerOf,
  reply,
  settling,
  topic,
} from '../open-events.ts';
import { expectNothingPrinted } from '../redis-admin.ts';

let cluster: RedisCluster;
beforeAll(async () => {
  cluster = await startRedisCluster(['--cluster-node-timeout', '120000']);
}, 60_000);
afterAll(() => cluster[Symbol.asyncDispose]());

expectNothingPrinted();

test('[O1] while a slot moves, no change is half done: records and set agree, and tails follow', {
  timeout: 120_000,
}, async () => {
  await using log = redisFixture({ timeoutMs: 20_000, checkIntervalMs: 200 }, cluster.url);
  const sink = new OpenRecordingSink();
  await log.broker.tail(topic, sink);
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
    await expect.poll(() => settled.length, { timeout: 20_000 }).toBeGreaterThan(before + 20);
    await cluster.moveSlot(topicKeys(log.prefix, topic).log);
  }
  running = false;
  await working;
  const records = (await allRecords(log.broker, topic)).map(({ id }) => id);
  expect(records.toSorted()).toEqual([...begun, ...settled.map((id) => `${id}.settled`)].toSorted());
  const set = await openOf(log.broker).read(topic);
  expect(set.events.map(({ id }) => id).toSorted()).toEqual(
    begun.filter((id) => !settled.includes(id)).toSorted(),
  );
  expect(set.events.every(({ grows }) => grows?.text === 'text')).toBe(true);
  await expect.poll(() => comparable({ ...sink.mirror(), at: set.at })).toEqual(comparable(set));
  sink.expectInOrder();
});
