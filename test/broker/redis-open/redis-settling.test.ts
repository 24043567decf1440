import { setTimeout as sleep } from 'node:timers/promises';
import { Redis, type RedisOptions } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MAX_SETTLED } from '../../../server/broker/open/settled-events.ts';
import { indexKeys, topicKeys } from '../../../server/broker/redis/log/keys.ts';
import { type RedisServer, startRedis } from '../../setup/redis-server.ts';
import { allRecords, entry } from '../contract/entries.ts';
import { redisFixture } from '../contract/fixtures.ts';
import {
  approval,
  MOST,
  OpenRecordingSink,
  openOf,
  ownerOf,
  refused,
  reply,
  SHORT_MS,
  settling,
  topic,
  viewer,
} from '../open/open-events.ts';
import { admin, expectNothingPrinted } from '../redis/redis-admin.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server[Symbol.asyncDispose]());

expectNothingPrinted();

/** Ids of the records of a topic. */
async function idsOf(log: ReturnType<typeof redisFixture>): Promise<string[]> {
  return (await allRecords(log.broker, topic)).map(({ id }) => id);
}

/** A connection on which every answer to a script is lost, so that it is sent again. */
function sentTwice(options: RedisOptions): Redis {
  const redis = new Redis(server.port, '127.0.0.1', { ...options, replyMapping: 'legacy' });
  const scripts: Record<string, (...args: unknown[]) => Promise<unknown>> = {};
  const define = redis.defineCommand.bind(redis);
  redis.defineCommand = (name, definition) => {
    define(name, definition);
    const send: unknown = Reflect.get(redis, name);
    if (typeof send !== 'function') throw new Error(`${name} is no command`);
    scripts[name] = async (...args) => {
      await send.apply(redis, args);
      return send.apply(redis, args);
    };
    Object.assign(redis, scripts);
  };
  return redis;
}

test('[O1] [O4] calls whose answers are lost happen once, and their callers do not notice', async () => {
  await using log = redisFixture({}, { connect: sentTwice });
  await using once = redisFixture({ prefix: log.prefix }, server.url);
  const sets = openOf(log.broker);
  const sink = new OpenRecordingSink();
  await once.broker.tail(topic, sink);
  const [text, member] = [reply('', { key: 'k' }), viewer()];
  expect(await sets.begin(topic, text, MOST)).toMatchObject({ id: text.id, resumed: false });
  expect(await sets.begin(topic, { ...text, id: 'other' }, MOST)).toMatchObject({
    id: text.id,
    resumed: true,
  });
  expect(await sets.begin(topic, member, MOST)).toMatchObject({ id: member.id, resumed: false });
  expect(await sets.append(topic, ownerOf(text), 0, 'once')).toBe(4);
  expect(await sets.append(topic, ownerOf(text), 4, '!')).toBe(5);
  expect(await sets.touch(topic, [text.id], text)).toEqual([]);
  for (const event of [text, member]) {
    const settled = await sets.settle(topic, settling(event, 'done'));
    expect(settled).toEqual(await openOf(once.broker).find(topic, event.id));
    // Another call is told.
    await expect(sets.settle(topic, settling(event, 'done'))).rejects.toEqual(
      refused('ALREADY_SETTLED', { settled }),
    );
  }
  await expect
    .poll(() => sink.order.join(' '))
    .toBe('r1 begun@1 begun@1 appended@1 appended@1 r2 settled@2 settled@2');
  expect(await idsOf(once)).toEqual([text.id, `${text.id}.settled`]);
});

test('[O1] a Redis without memory refuses to begin, to append and to settle; nothing is half done', async () => {
  await using full = await startRedis();
  await using log = redisFixture({}, full.url);
  const sets = openOf(log.broker);
  const events = [reply('a'), approval(), viewer()];
  for (const event of events) await sets.begin(topic, event, MOST);
  const [text, , member] = events;
  if (!text || !member) throw new Error('no events');
  const before = await sets.read(topic);
  const ids = await idsOf(log);
  await admin(full, (redis) => redis.config('SET', 'maxmemory', '1'));
  const calls = [
    ...[reply('b'), approval(), viewer()].map((event) => () => sets.begin(topic, event, MOST)),
    () => sets.append(topic, ownerOf(text), 1, 'x'),
    () => sets.replace(topic, ownerOf(member), member.entry),
    ...events.map((event) => () => sets.settle(topic, settling(event, 'done'))),
  ];
  for (const call of calls)
    await expect(call()).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('OOM'),
    });
  expect(await sets.read(topic)).toEqual(before);
  await admin(full, (redis) => redis.config('SET', 'maxmemory', '0'));
  expect(await idsOf(log)).toEqual(ids);
  expect(await sets.append(topic, ownerOf(text), 1, 'x')).toBe(2);
  for (const event of events) expect(await sets.settle(topic, settling(event, 'done'))).not.toBeNull();
});

/** Three processes look for lapsed events and settle what they find, for a while after the last one was found. */
async function settleLapsed(log: ReturnType<typeof redisFixture>, count: number) {
  const outcomes: string[] = [];
  const brokers = [log.another(), log.another(), log.another()];
  let found = 0;
  await Promise.all(
    brokers.map(async (broker) => {
      for (const start = performance.now(); performance.now() < start + 20_000; await sleep(20)) {
        for (const { topic: where, event } of await openOf(broker).lapsed(100)) {
          const entry = { ...event.entry, id: `${event.id}.settled` };
          const settled = await openOf(broker)
            .settle(where, { id: event.id, state: 'aborted', entry, rev: event.rev, as: 'lapsed' })
            .catch((error) => error);
          outcomes.push(settled === null ? 'null' : (settled.code ?? settled.state));
          if (settled?.state) found++;
        }
        if (found === count) return;
      }
    }),
  );
  return outcomes;
}

test('[O8] a killed owner’s events are settled once, however many look', async () => {
  await using log = redisFixture({}, server.url);
  const owner = log.another();
  const events = Array.from({ length: 20 }, (_, n) => ({
    event: reply('', { leaseMs: SHORT_MS }),
    where: `${n % 3}`,
  }));
  for (const { event, where } of events) await openOf(owner).begin(where, event, MOST);
  for (const { event, where } of events) await openOf(owner).append(where, ownerOf(event), 0, 'unfinished');
  await owner.close();
  const outcomes = await settleLapsed(log, events.length);
  expect(outcomes.filter((outcome) => outcome === 'aborted')).toHaveLength(events.length);
  expect(outcomes.filter((outcome) => !['aborted', 'ALREADY_SETTLED'].includes(outcome))).toEqual([]);
  for (const where of ['0', '1', '2']) {
    expect((await openOf(log.broker).read(where)).events).toEqual([]);
    const ids = (await allRecords(log.broker, where)).map(({ id }) => id);
    const begun = events.filter((each) => each.where === where).map(({ event }) => event.id);
    expect(ids.toSorted()).toEqual(begun.flatMap((id) => [id, `${id}.settled`]).toSorted());
  }
});

test('control: while nobody looks, they stay open', async () => {
  await using log = redisFixture({}, server.url);
  const event = reply('', { leaseMs: 1 });
  await openOf(log.broker).begin(topic, event, MOST);
  await expect.poll(() => openOf(log.another()).lapsed(10)).toHaveLength(1);
  expect(await openOf(log.broker).find(topic, event.id)).toMatchObject({ id: event.id, kind: 'growing' });
});

test('[O8] a node whose catalog cannot settle an event does not keep others from being found', async () => {
  await using log = redisFixture({}, server.url);
  const sets = openOf(log.broker);
  for (let n = 0; n < 5; n++) await sets.begin(`stuck-${n}`, viewer('', { leaseMs: 1 }), MOST);
  const found = new Set<string>();
  await expect
    .poll(async () => {
      for (const { topic: where } of await sets.lapsed(2)) found.add(where);
      return found.size;
    })
    .toBe(5);
});

test('[O8] the index of topics with open events is made again when Redis has lost it', async () => {
  await using log = redisFixture({ checkIntervalMs: 20 }, server.url);
  const event = viewer('', { leaseMs: 1 });
  await openOf(log.broker).begin(topic, event, MOST);
  expect(await admin(server, (redis) => redis.del(indexKeys(log.prefix).open))).toBe(1);
  await using other = redisFixture({ prefix: log.prefix }, server.url);
  await expect.poll(() => openOf(other.broker).lapsed(10)).toHaveLength(1);
});

test('a topic leaves the index after its set was found empty twice, and nobody began anything in between', async () => {
  await using log = redisFixture({}, server.url);
  const { open } = indexKeys(log.prefix);
  const sets = openOf(log.broker);
  const due = () => admin(server, (redis) => redis.zscore(open, topic));
  /** Brings the time of the next look on, and looks. A half says that the set was empty at the last one. */
  const look = async () => {
    const mark = (Number(await due()) % 1) + 1;
    await admin(server, (redis) => redis.zadd(open, 'XX', mark, topic));
    await sets.lapsed(10);
    return due();
  };
  const event = viewer();
  await sets.begin(topic, event, MOST);
  await sets.settle(topic, settling(event, 'left'));
  expect(await look()).toMatch(/\.5$/);
  const next = viewer();
  await sets.begin(topic, next, MOST);
  await sets.settle(topic, settling(next, 'left'));
  expect(await look()).toMatch(/\.5$/);
  expect(await look()).toBeNull();
});

test('every key of a set has an expiry, which a look renews', async () => {
  await using log = redisFixture({ maxAgeMs: 1000 }, server.url);
  const sets = openOf(log.broker);
  const [text, asked, member] = [reply(), approval(), viewer()];
  for (const event of [text, asked, member, reply('a')]) await sets.begin(topic, event, MOST);
  await sets.append(topic, ownerOf(text), 0, 'x');
  await sets.settle(topic, settling(asked, 'withdrawn'));
  const { open, meta } = topicKeys(log.prefix, topic);
  await admin(server, async (redis) => {
    const names = await redis.keys(`${open.replace(/[{}]/g, '\\$&')}*`);
    const kinds = names.map((name) => name.slice(open.length).split(':')[1] ?? '').toSorted();
    expect(kinds).toEqual(['', 'events', 'key', 'key', 'key', 'key', 'order', 'settled', 'text', 'text']);
    const days = async (name: string) => (await redis.pttl(name)) / 86_400_000;
    for (const name of [...names, meta]) expect(await days(name)).toBeGreaterThan(6.9);
    for (const name of [...names, meta]) await redis.pexpire(name, 10_000_000);
    await redis.zadd(indexKeys(log.prefix).open, 0, topic);
    await sets.lapsed(10);
    const short: string[] = [];
    for (const name of [...names, meta])
      if ((await days(name)) < 6.9) short.push(name.slice(open.length).split(':')[1] ?? '');
    expect(short.toSorted()).toEqual(['key', 'order', 'settled']); // of what is settled
    expect(await redis.pttl(indexKeys(log.prefix).open)).toBeGreaterThan(0);
  });
});

test('settlements are bounded: of more, the oldest is forgotten before its time', async () => {
  await using log = redisFixture({}, server.url);
  const sets = openOf(log.broker);
  const members = Array.from({ length: MAX_SETTLED + 2 }, (_, n) => viewer('', { key: `${n}` }));
  for (const member of members) {
    await sets.begin(topic, member, MOST);
    await sets.settle(topic, settling(member, 'left'));
  }
  const [first, second, third] = members;
  for (const gone of [first, second])
    await expect(sets.find(topic, gone?.id ?? '')).rejects.toEqual(refused('NOT_OPEN'));
  expect(await sets.find(topic, third?.id ?? '')).toMatchObject({ state: 'left' });
  const { open } = topicKeys(log.prefix, topic);
  const count = await admin(server, (redis) => redis.keys(`${open.replace(/[{}]/g, '\\$&')}*`));
  expect(count).toHaveLength(2 * MAX_SETTLED + 2); // settlement and key of each, the set and their order
});

test('[D3] a record published beside open events keeps its place and id', async () => {
  await using log = redisFixture({ retention: { reply: { records: 1 } } }, server.url);
  const sets = openOf(log.broker);
  for (let n = 0; n < 3; n++) {
    const event = reply();
    await sets.begin(topic, event, MOST);
    await log.broker.publish(topic, [entry(n, `id-${n}`)]);
    await sets.settle(topic, settling(event, 'done'));
  }
  const { epoch } = await log.broker.bounds(topic);
  const { records } = await log.broker.read(topic, { epoch, seq: 0 }, 20);
  // Of the six records of replies a limit of their type leaves one.
  expect(records.map(({ seq }) => seq)).toEqual([2, 5, 8, 9]);
  expect(await log.broker.publish(topic, [entry(9, 'id-2')])).toEqual([
    { cursor: `${epoch}:8`, duplicate: true },
  ]);
});
