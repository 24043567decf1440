import { expect, test } from 'vitest';
import { startTcpProxy } from '../../../conformance/tcp-proxy.ts';
import { topicKeys } from '../../../server/broker/redis/log/keys.ts';
import { startRedis } from '../../setup/redis-server.ts';
import { entries, entry } from '../contract/entries.ts';
import { redisFixture } from '../contract/fixtures.ts';
import {
  approval,
  comparable,
  MOST,
  OpenRecordingSink,
  openOf,
  ownerOf,
  refused,
  reply,
  settling,
  topic,
  typing,
  viewer,
} from '../open/open-events.ts';
import { admin, expectNothingPrinted } from '../redis/redis-admin.ts';

const NEVER_MS = 3_600_000;

expectNothingPrinted();

test('[O10] a Redis that comes back without the end of a log has a new epoch: the set is gone, and tails are told', async () => {
  await using server = await startRedis();
  await using proxy = await startTcpProxy(server.port);
  await using log = redisFixture({ checkIntervalMs: NEVER_MS }, `redis://127.0.0.1:${proxy.port}`);
  await using elsewhere = redisFixture({ prefix: log.prefix }, server.url);
  const sink = new OpenRecordingSink();
  await log.broker.tail(topic, sink);
  const [text, asked] = [reply('', { key: 'k' }), approval('', { key: 'k' })];
  const sets = openOf(elsewhere.broker);
  await sets.begin(topic, text, MOST);
  await sets.append(topic, ownerOf(text), 0, 'before');
  await admin(server, (redis) => redis.save());
  await elsewhere.broker.publish(topic, entries(1, 3));
  await sets.begin(topic, asked, MOST);
  await expect.poll(() => sink.mirror().events.length).toBe(2);
  const { epoch } = await elsewhere.broker.bounds(topic);
  proxy.refuse();
  await server.kill();
  await server.restart();
  proxy.pass();
  await expect.poll(() => sink.calls.filter((call) => 'gap' in call).length).toBe(1);
  await expect.poll(() => sink.mirror().at.epoch).not.toBe(epoch);
  expect(sink.mirror()).toMatchObject({ rev: 0, events: [] });
  await expect(openOf(log.broker).append(topic, ownerOf(text), 6, 'x')).rejects.toEqual(refused('NOT_OPEN'));
  const again = reply('', { key: 'k' });
  expect(await openOf(log.broker).begin(topic, again, MOST)).toMatchObject({ id: again.id, resumed: false });
  await expect.poll(() => sink.mirror().events).toMatchObject([{ id: again.id, rev: 1 }]);
  sink.expectInOrder();
  // Nothing is left of the set that is gone but what is remembered for a while.
  const { open } = topicKeys(log.prefix, topic);
  const left = await admin(server, (redis) => redis.keys(`${open.replace(/[{}]/g, '\\$&')}*`));
  expect(left.filter((name) => name.startsWith(`${open}:text`))).toEqual([]);
});

/** The keys of a set as they are now, to be put back later: another server took over that had got no more. */
async function rewinding(url: string, keys: readonly string[]) {
  const { Redis } = await import('ioredis');
  const redis = new Redis(url);
  const dumps = await Promise.all(keys.map((key) => redis.dumpBuffer(key)));
  return {
    async rewind() {
      const swap = redis.multi().del([...keys]);
      for (const [index, key] of keys.entries()) {
        const dump = dumps[index];
        if (dump) swap.restore(key, 0, dump);
      }
      await swap.exec();
    },
    [Symbol.dispose]: () => redis.disconnect(),
  };
}

test.each([
  { than: 'fewer changes', before: 2, after: 1 },
  { than: 'as many other changes', before: 2, after: 2 },
  { than: 'more other changes', before: 1, after: 3 },
])(
  '[O5] a set that lost changes, but no record, and then has $than than were told is told again',
  async ({ before, after }) => {
    await using server = await startRedis();
    await using log = redisFixture({ checkIntervalMs: 30 }, server.url);
    const sink = new OpenRecordingSink();
    await log.broker.tail(topic, sink);
    const sets = openOf(log.another());
    const event = reply();
    await sets.begin(topic, event, MOST);
    const { open } = topicKeys(log.prefix, topic);
    using past = await rewinding(server.url, [open, `${open}:events`, `${open}:text:${event.id}`]);
    for (let n = 0; n < before; n++) await sets.append(topic, ownerOf(event), n, 'a');
    await expect.poll(() => sink.mirror().rev).toBe(1 + before);
    await past.rewind();
    for (let n = 0; n < after; n++) await sets.append(topic, ownerOf(event), n, 'b');
    const set = await sets.read(topic);
    expect(set.events[0]?.grows?.text).toBe('b'.repeat(after));
    await expect.poll(() => comparable(sink.mirror())).toEqual(comparable(set));
    sink.expectInOrder();
  },
);

test('[O10] an epoch that changes without a record is noticed by the check', async () => {
  await using server = await startRedis();
  await using log = redisFixture({ checkIntervalMs: 30 }, server.url);
  const sink = new OpenRecordingSink();
  await log.broker.tail(topic, sink);
  await openOf(log.broker).begin(topic, viewer(), MOST);
  await expect.poll(() => sink.mirror().events.length).toBe(1);
  await admin(server, (redis) => redis.flushall());
  await openOf(log.broker).begin(topic, viewer('Bo'), MOST);
  await openOf(log.broker).begin(topic, viewer('Cy'), MOST);
  await expect.poll(() => sink.mirror().events.length).toBe(2);
  expect(sink.mirror()).toMatchObject({ rev: 2, at: { seq: 0 } });
  sink.expectInOrder();
});

test.each(['', ':events', ':text'])(
  'an event is not open any more once Redis has evicted a part of it: open%s',
  async (part) => {
    await using server = await startRedis();
    await using log = redisFixture({ checkIntervalMs: 30 }, server.url);
    const sink = new OpenRecordingSink();
    await log.broker.tail(topic, sink);
    const sets = openOf(log.broker);
    const event = reply('text', { key: 'k', leaseMs: 1 });
    await sets.begin(topic, event, MOST);
    await log.broker.publish(topic, [entry(1)]);
    const { open } = topicKeys(log.prefix, topic);
    const key = part === ':text' ? `${open}:text:${event.id}` : `${open}${part}`;
    expect(await admin(server, (redis) => redis.del(key))).toBe(1);
    expect((await sets.read(topic)).events).toEqual([]);
    await expect(sets.find(topic, event.id)).rejects.toEqual(refused('NOT_OPEN'));
    if (part === ':text')
      await expect(sets.append(topic, ownerOf(event), 4, 'x')).rejects.toEqual(refused('NOT_OPEN'));
    else await expect.poll(() => sets.lapsed(10)).toEqual([]);
    // The rest goes with the look, so its owner may begin it again.
    const again = reply('text', { key: 'k' });
    expect(await sets.begin(topic, again, MOST)).toMatchObject({ id: again.id, resumed: false });
    await sets.settle(topic, settling(again, 'done'));
    await expect
      .poll(() => sink.calls.some((call) => 'record' in call && call.record.id === `${again.id}.settled`))
      .toBe(true);
    await expect.poll(async () => comparable(sink.mirror()).rev).toBe((await sets.read(topic)).rev);
  },
);

test.each([
  { kind: 'growing', part: '' },
  { kind: 'growing', part: ':events' },
  { kind: 'growing', part: ':text' },
  { kind: 'presence', part: '' },
  { kind: 'presence', part: ':events' },
])(
  'the owner of an event of which Redis has evicted a part is told so by each call: $kind, open$part',
  async ({ kind, part }) => {
    await using server = await startRedis();
    await using log = redisFixture({ checkIntervalMs: 30 }, server.url);
    const sink = new OpenRecordingSink();
    await log.broker.tail(topic, sink);
    const sets = openOf(log.broker);
    const make = () => (kind === 'growing' ? reply('text') : viewer());
    const [changed, touched, begun] = [make(), make(), make()];
    for (const event of [changed, touched, begun]) await sets.begin(topic, event, MOST);
    const { open } = topicKeys(log.prefix, topic);
    const texts = [changed, touched, begun].map(({ id }) => `${open}:text:${id}`);
    const keys = part === ':text' ? texts : [`${open}${part}`];
    expect(await admin(server, (redis) => redis.del(keys))).toBe(keys.length);
    const change =
      kind === 'growing'
        ? sets.append(topic, ownerOf(changed), 4, 'x')
        : sets.replace(topic, ownerOf(changed), typing('Ada'));
    await expect(change).rejects.toEqual(refused('NOT_OPEN'));
    expect(await sets.touch(topic, [touched.id], touched)).toEqual([touched.id]);
    const again = { ...begun, id: 'again' };
    expect(await sets.begin(topic, again, MOST)).toMatchObject({ id: 'again', resumed: false });
    const set = await sets.read(topic);
    expect(set.events.map(({ id }) => id)).toEqual(['again']);
    await expect.poll(() => comparable(sink.mirror())).toEqual(comparable(set));
    sink.expectInOrder();
  },
);
