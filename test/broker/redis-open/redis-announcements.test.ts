import { expect, test } from 'vitest';
import { topicKeys } from '../../../server/broker/redis/log/keys.ts';
import { type RedisServer, startRedis } from '../../setup/redis-server.ts';
import { entry, RecordingSink } from '../contract/entries.ts';
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
  typing,
  viewer,
} from '../open/open-events.ts';
import { admin, expectNothingPrinted } from '../redis/redis-admin.ts';
import { DeafRedis, deafening } from '../redis-servers/deaf-redis.ts';

const NEVER_MS = 3_600_000;

expectNothingPrinted();

/** A tail that hears nothing of the last append to an event; another process sees it. */
async function deafAtTheEnd(server: RedisServer, checkIntervalMs: number) {
  const log = redisFixture({ checkIntervalMs: NEVER_MS }, server.url);
  const { broker } = deafening(server, { prefix: log.prefix, checkIntervalMs });
  const [sink, hearing] = [new OpenRecordingSink(), new OpenRecordingSink()];
  const event = reply();
  await openOf(log.broker).begin(topic, event, MOST);
  await broker.tail(topic, sink);
  DeafRedis.deaf = true;
  await log.broker.tail(topic, hearing);
  await openOf(log.broker).append(topic, ownerOf(event), 0, 'heard by others');
  await expect.poll(() => hearing.changes.length).toBe(1);
  return {
    ...{ log, sink, event },
    text: () => sink.mirror().events[0]?.grows?.text,
    async [Symbol.asyncDispose]() {
      DeafRedis.deaf = false;
      await broker.close();
      await log[Symbol.asyncDispose]();
    },
  };
}

test('[O5] the check finds a last change whose announcement was lost', async () => {
  await using server = await startRedis();
  await using it = await deafAtTheEnd(server, 20);
  await expect.poll(it.text).toBe('heard by others');
  expect(it.sink.sets).toHaveLength(2);
  await openOf(it.log.broker).settle(topic, settling(it.event, 'done'));
  await expect.poll(() => it.sink.mirror().events).toEqual([]);
  it.sink.expectInOrder();
});

test('control: without the check it is not found, until the next change does not follow', async () => {
  await using server = await startRedis();
  await using it = await deafAtTheEnd(server, NEVER_MS);
  expect(it.text()).toBe('');
  DeafRedis.deaf = false;
  await openOf(it.log.broker).append(topic, ownerOf(it.event), 15, '!');
  await expect.poll(it.text).toBe('heard by others!');
  expect(it.sink.changes).toEqual([]);
});

test('[O2] a set that has not changed is not told again, however often it is checked', async () => {
  await using server = await startRedis();
  await using log = redisFixture({ checkIntervalMs: 20 }, server.url);
  const sink = new OpenRecordingSink();
  await log.broker.tail(topic, sink);
  const event = reply();
  await openOf(log.broker).begin(topic, event, MOST);
  const calls = async () => {
    const stats = await admin(server, (redis) => redis.info('commandstats'));
    return Number(/cmdstat_evalsha:calls=(\d+)/.exec(stats)?.[1] ?? 0);
  };
  const before = await calls();
  let at = 0;
  while ((await calls()) < before + 60) at = await openOf(log.broker).append(topic, ownerOf(event), at, 'x');
  await expect.poll(() => sink.mirror().events[0]?.grows?.text.length).toBe(at);
  expect(sink.sets).toHaveLength(1);
  sink.expectInOrder();
});

test('[O5] CLIENT KILL TYPE pubsub loses no change', async () => {
  await using server = await startRedis();
  await using log = redisFixture({ checkIntervalMs: NEVER_MS }, server.url);
  const sink = new OpenRecordingSink();
  await log.broker.tail(topic, sink);
  const sets = openOf(log.another());
  const event = reply();
  await sets.begin(topic, event, MOST);
  for (let round = 0, at = 0; round < 5; round++) {
    expect(await admin(server, (redis) => redis.client('KILL', 'TYPE', 'PUBSUB'))).toBe(1);
    for (let n = 0; n < 20; n++) {
      at = await sets.append(topic, ownerOf(event), at, `${n} `);
      if (n % 5 === 0) await log.broker.publish(topic, [entry(n)]);
    }
    const text = (await sets.read(topic)).events[0]?.grows?.text;
    await expect.poll(() => sink.mirror().events[0]?.grows?.text).toBe(text);
  }
  sink.expectInOrder();
});

test('[O5] malformed, stale and forged announcements do no lasting harm', async () => {
  await using server = await startRedis();
  await using log = redisFixture({ checkIntervalMs: NEVER_MS }, server.url);
  const { live, open } = topicKeys(log.prefix, topic);
  const [sink, records] = [new OpenRecordingSink(), new RecordingSink()];
  await log.broker.tail(topic, sink);
  await log.broker.tail(topic, records);
  const sets = openOf(log.broker);
  const event = reply();
  await sets.begin(topic, event, MOST);
  const [epoch, , stamp] = String(await admin(server, (redis) => redis.hget(open, ' '))).split(' ');
  const later = '9007199254740991';
  const bad = [
    'open ',
    'open x',
    'open x\nx',
    `open ${epoch} 1 2 ${stamp} ${later} a ${event.id}`,
    `open ${epoch} 1 2 0 1 a ${event.id} 0\nstale`,
    `open ${epoch} 1 2 1 ${later} a ${event.id} 0\nfrom another history`,
    `open ${epoch} 70 2 ${stamp} ${later} a ${event.id} 0\nafter a record that never comes`,
    `open other 1 2 ${stamp} ${later} a ${event.id} 0\nof another epoch`,
    `open ${epoch} 1 2 ${stamp} ${later} b ${event.id} -\nmalformed`,
    `open ${epoch} 1 2 ${stamp} ${later} s ${event.id} nowhere\n`,
    `open ${epoch} 70 0 0 0 e - -\n${['typing', 'x', '{}', ''].join('\n')}`,
    `open ${epoch} 1 0 0 0 e - -\nmalformed`,
  ];
  let at = 0;
  for (const payload of bad) {
    await admin(server, (redis) => redis.spublish(live, payload));
    at = await sets.append(topic, ownerOf(event), at, 'x');
    await log.broker.publish(topic, [entry(at)]);
  }
  const set = await sets.read(topic);
  await expect.poll(() => sink.mirror().rev).toBe(set.rev);
  expect(comparable({ ...sink.mirror(), at: set.at })).toEqual(comparable(set));
  sink.expectInOrder();
  await expect.poll(() => records.numbers.length).toBe(bad.length + 1);
  records.expectContiguous();
  expect(sink.calls.filter((call) => 'ephemeral' in call)).toEqual([]);
});

test('control: an announcement that fits in every part is believed until the set changes again', async () => {
  await using server = await startRedis();
  await using log = redisFixture({ checkIntervalMs: NEVER_MS }, server.url);
  const { live, open } = topicKeys(log.prefix, topic);
  const sink = new OpenRecordingSink();
  await log.broker.tail(topic, sink);
  const sets = openOf(log.broker);
  const event = reply();
  await sets.begin(topic, event, MOST);
  const [epoch, , stamp] = String(await admin(server, (redis) => redis.hget(open, ' '))).split(' ');
  const text = () => sink.mirror().events[0]?.grows?.text;
  const forged = `open ${epoch} 1 2 ${stamp} ${Number(stamp) + 1} a ${event.id} 0\nforged`;
  await admin(server, (redis) => redis.spublish(live, forged));
  await expect.poll(text).toBe('forged');
  await sets.append(topic, ownerOf(event), 0, 'real');
  await expect.poll(text).toBe('real');
});

test('a tail that hears an event begin, an ephemeral one and a record lost in between is told in order', async () => {
  await using server = await startRedis();
  const log = redisFixture({ checkIntervalMs: NEVER_MS }, server.url);
  const { broker } = deafening(server, { prefix: log.prefix, checkIntervalMs: NEVER_MS });
  const [sink, hearing] = [new OpenRecordingSink(), new OpenRecordingSink()];
  await broker.tail(topic, sink);
  await log.broker.tail(topic, hearing);
  DeafRedis.deaf = true;
  await log.broker.publish(topic, [entry(1)]);
  await openOf(log.broker).begin(topic, viewer(), MOST);
  await expect.poll(() => hearing.order).toEqual(['r1', 'begun@1']);
  DeafRedis.deaf = false;
  await openOf(log.broker).announce(topic, typing('Ada'));
  await openOf(log.broker).begin(topic, viewer('Bo'), MOST);
  await expect.poll(() => sink.mirror().events.length).toBe(2);
  await expect.poll(() => sink.calls.filter((call) => 'ephemeral' in call).length).toBe(1);
  sink.expectInOrder();
  await broker.close();
  await log[Symbol.asyncDispose]();
});
