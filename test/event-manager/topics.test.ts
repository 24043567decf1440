import { setImmediate } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { EventManager, MemoryBroker, type SubscribeOptions } from '../../server/index.ts';
import { parseTopicsCursor } from '../../shared/cursor.ts';
import type { EventName, PsycheCatalog } from '../../shared/index.ts';
import { brokerKinds } from '../broker/contract/fixtures.ts';
import { Collector } from '../support/collect.ts';
import { agentMessage } from '../support/events.ts';

type Options = SubscribeOptions<EventName, PsycheCatalog>;

describe.each(brokerKinds)('a subscription of several topics ($name)', ({ open }) => {
  /** A log, and what a test does with it. */
  async function setUp(retention?: Parameters<typeof open>[0]) {
    const log = await open(retention);
    const manager = new EventManager({ broker: log.broker });
    const other = new EventManager({ broker: log.another() });
    return {
      manager,
      publish: (topic: string, message: string | number, by = other) =>
        by.publish('agent_message', agentMessage(message), { topic }),
      other,
      collect: (options: Options, by = manager) =>
        new Collector((signal) => by.subscribe({ ...options, signal })),
      async [Symbol.asyncDispose]() {
        await Promise.all([manager.close(), other.close()]);
        await log[Symbol.asyncDispose]();
      },
    };
  }
  /** `topic message` of each event. */
  const said = (stream: Collector<{ event_type: string; data: unknown; topic?: string }>) =>
    stream.items.flatMap(({ event_type, data, topic }) =>
      event_type === 'agent_message' ? [`${topic} ${(data as { message: string }).message}`] : [],
    );
  const of = (topic: string, items: readonly string[]) =>
    items.filter((item) => item.startsWith(`${topic} `));

  test('[D4] [D5] yields each topic in order with its name, and one stream_synced once all are level', async () => {
    await using log = await setUp();
    for (let n = 1; n <= 3; n++) for (const topic of ['a', 'b', 'c']) await log.publish(topic, n);
    using stream = log.collect({ topics: ['a', 'b'], since: { last: 2 } });
    await stream.count(5);
    expect(stream.items.at(-1)).toMatchObject({
      event_type: 'stream_synced',
      data: { recovered: true, cursor: stream.cursors.at(-1) },
    });
    expect(stream.items.at(-1)).not.toHaveProperty('topic');
    for (let n = 4; n <= 6; n++) for (const topic of ['a', 'b', 'c']) await log.publish(topic, n);
    await stream.count(11);
    for (const topic of ['a', 'b'])
      expect(of(topic, said(stream))).toEqual([2, 3, 4, 5, 6].map((n) => `${topic} ${n}`));
    expect(stream.ofType('stream_synced')).toHaveLength(1);
    expect(
      [...parseTopicsCursor(stream.cursors.at(-1) ?? '')].map(([topic, { seq }]) => [topic, seq]),
    ).toEqual([
      ['a', 6],
      ['b', 6],
    ]);
  });

  test('[D6] [D12] goes on in every topic after a resume at any item: nothing missing, nothing twice', async () => {
    await using log = await setUp();
    using stream = log.collect({ topics: ['a', 'b'] });
    await stream.count(1);
    for (let n = 1; n <= 4; n++) for (const topic of ['a', 'b']) await log.publish(topic, n);
    await stream.count(9);
    const all = said(stream);
    for (const [index, cursor] of stream.cursors.entries()) {
      const before = stream.items
        .slice(0, index + 1)
        .filter(({ event_type }) => event_type === 'agent_message');
      using again = log.collect({ topics: ['a', 'b'], since: cursor });
      await again.count(8 - before.length + 1);
      for (const topic of ['a', 'b'])
        expect(of(topic, [...all.slice(0, before.length), ...said(again)])).toEqual(of(topic, all));
      expect(again.ofType('stream_synced')).toMatchObject([{ data: { recovered: true } }]);
    }
  });

  test('[D4] by a pattern follows later topics from their beginning, and no topics of the system', async () => {
    await using log = await setUp();
    await log.publish('run-1', 'before');
    using stream = log.collect({ topics: ['run-*'] });
    await stream.count(1);
    await log.publish('_run-1', 'private');
    await log.publish('other', 1);
    for (let n = 1; n <= 3; n++) for (const topic of ['run-1', 'run-2', 'run-3']) await log.publish(topic, n);
    await stream.count(10);
    for (const topic of ['run-1', 'run-2', 'run-3'])
      expect(of(topic, said(stream))).toEqual([1, 2, 3].map((n) => `${topic} ${n}`));
    expect(said(stream)).toHaveLength(9);
    using everything = log.collect({ topics: ['*'], since: { last: 10 } });
    await everything.count(12);
    expect(said(everything).some((item) => item.startsWith('_'))).toBe(false);
    using own = log.collect({ topics: ['_*'], since: { last: 10 } });
    await own.count(2);
    expect(said(own)).toEqual(['_run-1 private']);
  });

  test('[D12] follows a topic that appeared while the reader was away from its beginning', async () => {
    await using log = await setUp();
    let cursor = '';
    {
      using stream = log.collect({ topics: ['run-*'] });
      await stream.count(1);
      cursor = stream.cursors[0] ?? '';
    }
    expect(cursor).toBe('~');
    for (let n = 1; n <= 3; n++) await log.publish('run-9', n);
    using again = log.collect({ topics: ['run-*'], since: cursor });
    await again.count(4);
    expect(said(again)).toEqual(['run-9 1', 'run-9 2', 'run-9 3']);
  });

  test('[D4] yields each gap with its topic', async () => {
    await using log = await setUp({ maxRecords: 10 });
    using stream = log.collect({ topics: ['a', 'b'] });
    await stream.count(1);
    for (let n = 1; n <= 30; n++) await log.publish('a', n);
    await log.publish('b', 1);
    // Elsewhere: the node that followed them still has what the log has not.
    using again = log.collect({ topics: ['a', 'b'], since: stream.cursors[0] }, log.other);
    await again.count(13);
    expect(again.ofType('stream_gap')).toMatchObject([
      { topic: 'a', data: { from: expect.stringMatching(/:0$/), lost: 20, reason: 'trimmed' } },
    ]);
    expect(of('a', said(again))).toHaveLength(10);
    expect(of('b', said(again))).toEqual(['b 1']);
    expect(again.ofType('stream_synced')).toMatchObject([{ data: { recovered: false } }]);
  });

  test('is bounded for an unread reader, who gets the rest of every topic from the logs', async () => {
    await using log = await setUp();
    const topics = ['a', 'b', 'c'];
    const stream = log.manager.subscribe({ topics })[Symbol.asyncIterator]();
    await stream.next();
    const next = stream.next();
    for (let n = 1; n <= 1000; n += 100) {
      for (const topic of topics) {
        await log.manager.publishBatch(
          Array.from({ length: 100 }, (_, i) => ({ event_type: 'agent_message', data: agentMessage(n + i) })),
          { topic },
        );
      }
      await setImmediate();
    }
    const got: { topic: string | undefined; message: number }[] = [];
    for (let result = await next; !result.done; result = await stream.next()) {
      const [, item] = result.value;
      if (item.event_type === 'agent_message')
        got.push({ topic: item.topic, message: Number(item.data.message) });
      if (got.length === 3000) break;
    }
    for (const topic of topics)
      expect(got.filter((item) => item.topic === topic).map(({ message }) => message)).toEqual(
        Array.from({ length: 1000 }, (_, index) => index + 1),
      );
    await stream.return?.();
    expect(log.manager.stats().subscribers).toBe(0);
  });

  test('yields of each topic only what `admit` allows', async () => {
    await using log = await setUp();
    for (const topic of ['run-1', 'run-2', 'run-3']) await log.publish(topic, topic);
    using stream = log.collect({
      topics: ['run-*'],
      since: { last: 10 },
      admit: async (topic) =>
        topic === 'run-2' ? null : { types: ['agent_message'], filter: { message: 'run-1' } },
    });
    await stream.count(2);
    await log.publish('run-3', 'run-1');
    await stream.count(3);
    expect(said(stream)).toEqual(['run-1 run-1', 'run-3 run-1']);
  });

  test('ends with an error when more topics match than it may have', async () => {
    await using log = await setUp();
    using stream = log.collect({ topics: ['run-*'] });
    await stream.count(1);
    await Promise.all(Array.from({ length: 51 }, (_, index) => log.publish(`run-${index}`, 1)));
    await stream.done;
    expect(stream.error).toMatchObject({ code: 'INVALID_OPTION', message: expect.stringContaining('50') });
    expect(log.manager.stats().subscribers).toBe(0);
  });

  test('ends with CLOSED when its manager closes, even if no topic matches', async () => {
    await using log = await setUp();
    using stream = log.collect({ topics: ['none-*'] });
    await stream.count(1);
    await log.manager.close();
    await stream.done;
    expect(stream.error).toMatchObject({ code: 'CLOSED' });
  });

  test.each<[string, object, string]>([
    ['both topic and topics', { topic: 'a', topics: ['b'] }, 'INVALID_OPTION'],
    ['no topics', { topics: [] }, 'INVALID_TOPIC'],
    ['too many topics', { topics: Array.from({ length: 51 }, (_, n) => `t${n}`) }, 'INVALID_TOPIC'],
    ['an invalid topic', { topics: ['a b'] }, 'INVALID_TOPIC'],
    ['a cursor of one topic', { topics: ['a'], since: 'abc:1' }, 'INVALID_CURSOR'],
    ['a cursor of several topics for one', { topic: 'a', since: '~a:abc:1' }, 'INVALID_CURSOR'],
    ['an incomplete cursor', { topics: ['a'], since: '~a:abc' }, 'INVALID_CURSOR'],
    ['a cursor that names a topic twice', { topics: ['a'], since: '~a:abc:1~a:abc:2' }, 'INVALID_CURSOR'],
    ['disconnect', { topics: ['a'], whenSlow: 'disconnect' }, 'INVALID_OPTION'],
    ['another treatment of slow readers', { whenSlow: 'wait' }, 'INVALID_OPTION'],
    ['a start without a place', { since: {} }, 'INVALID_OPTION'],
    ['a negative number of events', { since: { last: -1 } }, 'INVALID_OPTION'],
    ['a number as start', { topics: ['a'], since: 5 }, 'INVALID_OPTION'],
    ['a day that there is not', { since: { at: '2026-02-31T00:00:00Z' } }, 'INVALID_OPTION'],
    ['a list as latestBy', { every: 1, latestBy: ['agent_id'] }, 'INVALID_OPTION'],
  ])('refuses invalid options: %s', async (_, options, code) => {
    await using log = await setUp();
    expect(() => log.manager.subscribe(options)).toThrow(expect.objectContaining({ code }));
  });

  test.each(['topic', 'topics', 'types', 'filter', 'since', 'whenSlow', 'every', 'latestBy'])(
    'takes null as undefined, as over the wire: %s',
    async (option) => {
      await using log = await setUp();
      const options = { [option]: null, ...(option === 'latestBy' && { every: 1 }) };
      const subscription = log.manager.subscribe(options);
      expect(subscription.whenSlow).toBe('refill');
      const items = subscription[Symbol.asyncIterator]();
      expect((await items.next()).value?.[1]).toMatchObject({ event_type: 'stream_synced' });
      await items.return();
    },
  );

  test.each<[string, object, string]>([
    ['a pattern as topic', { topic: 'run-*' }, 'start with a dot; a subscription takes a pattern in topics'],
    ['both topic and topics', { topic: 'a', topics: ['b'] }, 'subscribe: pass either topic or topics'],
    ['latestBy alone', { latestBy: 'agent_id' }, "subscribe: latestBy needs every, or whenSlow: 'conflate'"],
    ['half an interval', { every: 0.5 }, 'subscribe: every must be a whole number of ms, from 1 to 3600000'],
  ])('says how it is done right: %s', async (_, options, words) => {
    await using log = await setUp();
    expect(() => log.manager.subscribe(options)).toThrow(words);
  });
});

test('a pattern that matches too many topics ends the subscription, and opens few of them', async () => {
  const broker = new MemoryBroker();
  const manager = new EventManager({ broker });
  for (let n = 0; n < 1000; n++) await manager.publish('agent_message', agentMessage(n), { topic: `t${n}` });
  const tail = vi.spyOn(broker, 'tail');
  const stream = manager.subscribe({ topics: ['*'], since: { last: 1 } })[Symbol.asyncIterator]();
  await expect(
    (async () => {
      for (;;) await stream.next();
    })(),
  ).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  expect(tail.mock.calls.length).toBeLessThanOrEqual(100);
  await manager.close();
});
