import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EventManager, MemoryBroker } from '../../server/index.ts';
import { Collector } from '../support/collect.ts';
import { agentMessage, systemStatus } from '../support/events.ts';

let broker: MemoryBroker;
let manager: EventManager;

beforeEach(() => {
  broker = new MemoryBroker({ maxRecords: 100 });
  manager = new EventManager({ broker });
});
afterEach(() => manager.close());

const publish = (message: string | number) => manager.publish('agent_message', agentMessage(message));
const publishMany = async (from: number, to: number) => {
  for (let i = from; i <= to; i++) await publish(i);
};
const numbers = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => String(from + i));
const collect = (options: Parameters<EventManager['subscribe']>[0] = {}) =>
  new Collector((signal) => manager.subscribe({ ...options, signal }));

describe('a subscription', () => {
  test('[D5] on an idle topic yields stream_synced first, with a cursor to resume from', async () => {
    using stream = collect();
    const [first] = await stream.count(1);
    expect(first).toMatchObject({
      event_type: 'stream_synced',
      data: { recovered: true, cursor: stream.cursors[0] },
    });
    expect(stream.cursors[0]).toMatch(/^[0-9a-f]+:0$/);
  });

  test('[D4] without since yields later events in order, once', async () => {
    await publish('before');
    using stream = collect();
    await stream.count(1);
    await publishMany(1, 50);
    await stream.count(51);
    expect(stream.messages).toEqual(numbers(1, 50));
  });

  test('[D4] from a cursor yields exactly the events after it', async () => {
    await publishMany(1, 3);
    const { cursor } = await publish(4);
    await publishMany(5, 9);
    using stream = collect({ since: cursor });
    await stream.count(6);
    expect(stream.items.map((item) => item.event_type).at(-1)).toBe('stream_synced');
    expect(stream.messages).toEqual(numbers(5, 9));
  });

  test('[D6] yields every item, also a notice, with the cursor of its place', async () => {
    await publishMany(1, 2);
    using stream = collect({ since: { last: 1 } });
    await stream.count(2);
    await publish(3);
    await stream.count(3);
    expect(stream.cursors.map((cursor) => cursor.split(':')[1])).toEqual(['2', '2', '3']);
  });

  test('[D7] joins history and live events without a hole while events are published all the time', async () => {
    const { cursor } = await publish(1);
    await publishMany(2, 40);
    let next = 41;
    let running = true;
    const publishing = (async () => {
      while (running) {
        await publish(next++);
        await setImmediate(); // publishing in memory never leaves the microtask queue by itself
      }
    })();
    using stream = collect({ since: cursor });
    await stream.count(60);
    running = false;
    await publishing;
    await stream.count(next - 1);
    expect(stream.messages).toEqual(numbers(2, next - 1));
    expect(stream.ofType('stream_synced')).toHaveLength(1);
  });

  test('[D4] yields one stream_gap in the place of a trimmed range, and recovered is false', async () => {
    const { cursor } = await publish(0);
    await publishMany(1, 150);
    using stream = collect({ since: cursor });
    await stream.count(102);
    expect(stream.items[0]).toMatchObject({
      event_type: 'stream_gap',
      data: { from: cursor, to: cursor.replace(/:1$/, ':51'), lost: 50, reason: 'trimmed' },
    });
    expect(stream.messages).toEqual(numbers(51, 150));
    expect(stream.items.at(-1)).toMatchObject({ event_type: 'stream_synced', data: { recovered: false } });
  });

  test.each([
    ['of another epoch', () => 'deadbeef:3'],
    ['ahead of the log', (cursor: string) => cursor.replace(/:\d+$/, ':999')],
  ])('[D4] yields one stream_gap with an unknown loss for a cursor %s', async (_, forge) => {
    const { cursor } = await publish(1);
    using stream = collect({ since: forge(cursor) });
    await stream.count(2);
    expect(stream.items[0]).toMatchObject({
      event_type: 'stream_gap',
      data: { from: forge(cursor), lost: null, reason: 'epoch_changed' },
    });
    expect(stream.items.at(-1)).toMatchObject({ event_type: 'stream_synced', data: { recovered: false } });
  });

  test('[D8] selects types live and from the log alike, and { last } counts matching events', async () => {
    for (let i = 1; i <= 5; i++) {
      await publish(i);
      await manager.publish('system_status', systemStatus(i));
    }
    using stream = collect({ types: ['agent_message'], since: { last: 3 } });
    await stream.count(4);
    await manager.publish('system_status', systemStatus());
    await publish(6);
    await stream.count(5);
    expect(stream.messages).toEqual(numbers(3, 6));
    expect(stream.ofType('system_status')).toEqual([]);
  });

  test('from a time yields events appended since then', async () => {
    let now = 1_000_000;
    const timed = new EventManager({ broker: new MemoryBroker({ now: () => now }) });
    for (let i = 1; i <= 5; i++, now += 1000) await timed.publish('agent_message', agentMessage(i));
    const at = new Date(1_000_000 + 2000).toISOString();
    using stream = new Collector((signal) => timed.subscribe({ since: { at }, signal }));
    await stream.count(4);
    expect(stream.messages).toEqual(numbers(3, 5));
    await timed.close();
  });

  test('sees no events of another topic', async () => {
    using red = collect({ topic: 'red' });
    await red.count(1);
    await manager.publish('agent_message', agentMessage('blue'), { topic: 'blue' });
    await manager.publish('agent_message', agentMessage('red'), { topic: 'red' });
    await red.count(2);
    expect(red.messages).toEqual(['red']);
  });

  test('[D4] holds a bounded number of records for an unread iterator, and reads the rest from the log', async () => {
    const long = new EventManager({ broker: new MemoryBroker({ maxRecords: 10_000 }) });
    const iterator = long.subscribe()[Symbol.asyncIterator]();
    await iterator.next();
    const pulled = iterator.next();
    for (let i = 1; i <= 3000; i++) await long.publish('agent_message', agentMessage(i));
    const seen = [await pulled];
    while (seen.length < 3000) seen.push(await iterator.next());
    expect(
      seen.map(({ value }) => value?.[1].event_type === 'agent_message' && value[1].data.message),
    ).toEqual(numbers(1, 3000));
    await iterator.return?.();
    await long.close();
  });

  test('ends with CLOSED when its manager closes', async () => {
    using stream = collect();
    await stream.count(1);
    await manager.close();
    await stream.done;
    expect(stream.error).toMatchObject({ code: 'CLOSED' });
  });
});
