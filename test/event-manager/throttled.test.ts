import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { SubscribeOptions } from '../../server/index.ts';
import { EventManager, MemoryBroker } from '../../server/index.ts';
import type { EventName, PsycheCatalog } from '../../shared/index.ts';
import { agentMessage, systemStatus } from '../support/events.ts';
import { turns } from '../support/turns.ts';
import { holdTimeouts } from './timeouts.ts';

type Options = SubscribeOptions<EventName, PsycheCatalog>;

let manager: EventManager;

beforeEach(() => {
  holdTimeouts();
  manager = new EventManager({ broker: new MemoryBroker() });
});
afterEach(async () => {
  vi.useRealTimers();
  await manager.close();
});

const say = async (agent_id: string, message: number) => {
  const result = await manager.publish('agent_message', { ...agentMessage(message), agent_id });
  await turns(10);
  return result;
};
const wait = async (ms: number) => {
  vi.advanceTimersByTime(ms);
  await turns(10);
};

/** Items of a subscription, in short: `ego 1`, `system_status`, `-2` for a gap of two, `synced`. */
async function follow(options: Options) {
  const items: string[] = [];
  const cursors: string[] = [];
  const end = new AbortController();
  const done = (async () => {
    for await (const [cursor, item] of manager.subscribe({ ...options, signal: end.signal })) {
      cursors.push(cursor);
      if (item.event_type === 'agent_message') items.push(`${item.data.agent_id} ${item.data.message}`);
      else if (item.event_type === 'stream_gap') items.push(`-${item.data.lost} ${item.data.reason}`);
      else items.push(item.event_type);
    }
  })();
  await turns(10);
  return {
    items,
    cursors,
    take: () => items.splice(0),
    async stop() {
      end.abort();
      await done;
    },
  };
}

describe('every', () => {
  test('[D4] yields the first event at once, then the latest after each interval, and announces what it left out', async () => {
    const stream = await follow({ types: ['agent_message'], every: 500 });
    expect(stream.take()).toEqual(['stream_synced']);
    await say('ego', 1);
    expect(stream.take()).toEqual(['ego 1']);
    for (const n of [2, 3, 4]) await say('ego', n);
    await wait(499);
    expect(stream.take()).toEqual([]);
    await wait(1);
    expect(stream.take()).toEqual(['-2 conflated', 'ego 4']);
    await say('ego', 5);
    expect(stream.take()).toEqual([]);
    await wait(500);
    expect(stream.take()).toEqual(['ego 5']);
    await wait(500);
    await say('ego', 6);
    expect(stream.take()).toEqual(['ego 6']);
    await stream.stop();
  });

  test('yields the latest event of each type, in the order of the log', async () => {
    const stream = await follow({ every: 500 });
    await say('ego', 1);
    await say('ego', 2);
    await manager.publish('system_status', systemStatus());
    await say('ego', 3);
    await wait(500);
    expect(stream.items).toEqual(['stream_synced', 'ego 1', '-1 conflated', 'system_status', 'ego 3']);
    expect(stream.cursors.map((cursor) => Number(cursor.split(':')[1]))).toEqual([0, 1, 2, 3, 4]);
    await stream.stop();
  });

  test('yields the latest event for each value of the latestBy field', async () => {
    const stream = await follow({ types: ['agent_message'], every: 500, latestBy: 'agent_id' });
    await say('ego', 1);
    for (const n of [2, 3]) for (const agent of ['ego', 'shadow', 'persona']) await say(agent, n);
    await wait(500);
    expect(stream.items).toEqual([
      'stream_synced',
      'ego 1',
      '-3 conflated',
      'ego 3',
      'shadow 3',
      'persona 3',
    ]);
    await stream.stop();
  });

  test('[D8] counts only selected events, and the others move the cursor on', async () => {
    const filter = { agent_id: 'ego' };
    const stream = await follow({ types: ['agent_message'], filter, every: 500 });
    await say('ego', 1);
    for (const n of [2, 3]) for (const agent of ['shadow', 'ego', 'shadow']) await say(agent, n);
    await wait(500);
    expect(stream.items).toEqual(['stream_synced', 'ego 1', '-1 conflated', 'ego 3']);
    await stream.stop();
    const later = await follow({
      types: ['agent_message'],
      filter,
      every: 500,
      since: stream.cursors.at(-1),
    });
    expect(later.items).toEqual(['stream_synced']);
    await later.stop();
  });

  test('[D12] yields the newest of each key, or announces what it left out, after a resume at any item', async () => {
    const options: Options = { types: ['agent_message'], every: 500, latestBy: 'agent_id' };
    const stream = await follow(options);
    for (let n = 1; n <= 12; n++) {
      await say(n % 3 === 0 ? 'ego' : 'shadow', n);
      if (n % 4 === 0) await wait(500);
    }
    await wait(500);
    for (const cursor of stream.cursors) {
      const again = await follow({ ...options, since: cursor });
      const seq = Number(cursor.split(':')[1]);
      const newest = [seq < 11 && 'shadow 11', seq < 12 && 'ego 12'].filter((item) => item !== false);
      expect(again.items.filter((item) => !/conflated|synced/.test(item))).toEqual(newest);
      const lost = again.items.reduce((sum, item) => sum + Number(/^-(\d+)/.exec(item)?.[1] ?? 0), 0);
      expect(lost + newest.length).toBe(12 - seq);
      await again.stop();
    }
    await stream.stop();
  });

  test('reduces history in a subscription too, but not a page of history', async () => {
    for (const n of [1, 2, 3]) await say('ego', n);
    const stream = await follow({ every: 500, since: { last: 10 } });
    expect(stream.items).toEqual(['-2 conflated', 'ego 3', 'stream_synced']);
    expect((await manager.history()).items).toHaveLength(3);
    await stream.stop();
  });

  test('passes a gap of the log on as it is', async () => {
    await manager.close();
    manager = new EventManager({ broker: new MemoryBroker({ maxRecords: 5 }) });
    const { cursor } = await say('ego', 1);
    for (let n = 2; n <= 10; n++) await say('ego', n);
    const stream = await follow({ every: 500, since: cursor });
    expect(stream.items).toEqual(['-4 trimmed', '-4 conflated', 'ego 10', 'stream_synced']);
    await stream.stop();
  });

  test('shares an interval with a subscriber that joins in its middle: nothing twice, nothing missing', async () => {
    const options: Options = { types: ['agent_message'], every: 500 };
    const one = await follow(options);
    const { cursor } = await say('ego', 1);
    for (const n of [2, 3]) await say('ego', n);
    const two = await follow({ ...options, since: cursor });
    const other = await follow({ ...options, every: 200, since: cursor });
    await say('ego', 4);
    expect(two.items).toEqual(['stream_synced']);
    await wait(500);
    expect(one.items).toEqual(['stream_synced', 'ego 1', '-2 conflated', 'ego 4']);
    expect(two.items).toEqual(['stream_synced', '-2 conflated', 'ego 4']);
    expect(other.items).toEqual(['-1 conflated', 'ego 3', 'stream_synced', 'ego 4']);
    for (const stream of [one, two, other]) await stream.stop();
  });

  test('ends an interval early when more keys wait than it may hold', async () => {
    const stream = await follow({ types: ['agent_message'], every: 3_600_000, latestBy: 'message' });
    await say('ego', 0);
    for (let n = 1; n <= 1000; n++) {
      await manager.publish('agent_message', { ...agentMessage(n), agent_id: 'ego' });
      if (n % 100 === 0) await turns(10);
    }
    expect(stream.items).toHaveLength(1002);
    await stream.stop();
  });
});

test('latestBy with whenSlow: conflate keeps the latest of each value for a reader that fell behind', async () => {
  const end = new AbortController();
  const items = manager.subscribe({
    types: ['agent_message'],
    whenSlow: 'conflate',
    latestBy: 'agent_id',
    signal: end.signal,
  });
  const iterator = items[Symbol.asyncIterator]();
  await iterator.next();
  const first = iterator.next();
  const padding = 'x'.repeat(4 * 1024); // more than an iterator may be behind
  for (let n = 1; n <= 600; n++) {
    const agent_id = n % 2 ? 'ego' : 'shadow';
    await manager.publish('agent_message', { ...agentMessage(`${n} ${padding}`), agent_id });
  }
  await turns(10);
  const got = [await first];
  while (got.at(-1)?.value?.[1].event_type !== 'stream_gap') got.push(await iterator.next());
  got.push(await iterator.next(), await iterator.next());
  expect(got.slice(-3).map(({ value }) => value?.[1].data)).toMatchObject([
    { reason: 'conflated', lost: 600 - (got.length - 3) - 2 },
    { agent_id: 'ego', message: `599 ${padding}` },
    { agent_id: 'shadow', message: `600 ${padding}` },
  ]);
  end.abort();
  await iterator.return?.();
});

test.each<[string, object, string]>([
  ['every: 0', { every: 0 }, 'INVALID_OPTION'],
  ['every: 1.5', { every: 1.5 }, 'INVALID_OPTION'],
  ['every: more than an hour', { every: 3_600_001 }, 'INVALID_OPTION'],
  ['latestBy alone', { latestBy: 'agent_id' }, 'INVALID_OPTION'],
  ['a field that no event has', { every: 1, latestBy: 'agent' }, 'INVALID_FILTER'],
  [
    'a field that the given types do not have',
    { every: 1, types: ['system_status'], latestBy: 'agent_id' },
    'INVALID_FILTER',
  ],
  ['an object', { every: 1, latestBy: 'sentiment' }, 'INVALID_FILTER'],
  ['a list', { every: 1, latestBy: 'connections' }, 'INVALID_FILTER'],
  ['the prototype', { every: 1, latestBy: '__proto__' }, 'INVALID_FILTER'],
])('[D8] an invalid option is refused: %s', (_, options, code) => {
  expect(() => manager.subscribe(options)).toThrow(expect.objectContaining({ code }));
});
