import { describe, expect, test, vi } from 'vitest';
import * as z from 'zod';
import { EventManager } from '../../server/index.ts';
import { defineEvents } from '../../shared/index.ts';
import { brokerKinds } from '../broker/contract/fixtures.ts';
import { Collector } from '../support/collect.ts';
import { turns } from '../support/turns.ts';
import { holdTimeouts } from './timeouts.ts';

const catalog = defineEvents({ note: z.object({ n: z.number(), text: z.string() }) });
type Manager = EventManager<typeof catalog>;

describe('[V7] an event that waits to be delivered when it is erased', () => {
  const [memory] = brokerKinds;

  test('is not delivered by a paced subscription: the notice is', async () => {
    if (!memory) throw new Error('no broker');
    holdTimeouts();
    await using log = await memory.open();
    const manager: Manager = new EventManager({ catalog, broker: log.broker });
    using paced = new Collector((signal) => manager.subscribe({ every: 1000, latestBy: 'n', signal }));
    await turns(20);
    const publish = (n: number) => manager.publish('note', { n, text: `secret-${n}` });
    await publish(1); // at once
    await turns(20);
    const { cursor } = await publish(2);
    await publish(3);
    await turns(20);
    await manager.erase({ cursor });
    await turns(20);
    vi.advanceTimersByTime(1000);
    await turns(20);
    vi.useRealTimers();
    expect(paced.items.map(({ data }) => data)).toEqual([
      expect.objectContaining({ recovered: true }),
      expect.objectContaining({ n: 1 }),
      expect.objectContaining({ reason: 'conflated', lost: 1 }),
      expect.objectContaining({ n: 3 }),
      expect.objectContaining({ reason: 'erased', to: cursor, lost: 1 }),
    ]);
  });

  test('is not delivered to an iterator that has not come to it', async () => {
    if (!memory) throw new Error('no broker');
    await using log = await memory.open();
    const manager: Manager = new EventManager({ catalog, broker: log.broker });
    const items = manager.subscribe()[Symbol.asyncIterator]();
    await items.next();
    const { cursor } = await manager.publish('note', { n: 1, text: 'secret' });
    await manager.publish('note', { n: 2, text: '' });
    await turns(5);
    await manager.erase({ cursor });
    await turns(5);
    const next = async () => (await items.next()).value?.[1];
    expect([await next(), await next()]).toMatchObject([
      { data: { n: 2 } },
      { event_type: 'stream_gap', data: { reason: 'erased', to: cursor } },
    ]);
    await items.return?.();
  });

  test('is not handed out by a hub that has not come to it', async () => {
    if (!memory) throw new Error('no broker');
    await using log = await memory.open();
    const manager: Manager = new EventManager({ catalog, broker: log.broker });
    using stream = new Collector((signal) => manager.subscribe({ signal }));
    await stream.count(1);
    // All of this in one turn of the event loop: the hub hands out in the next.
    const { cursor } = await manager.publish('note', { n: 1, text: 'secret' });
    await manager.erase({ cursor });
    await stream.count(3);
    expect(JSON.stringify(stream.items)).not.toContain('secret');
    expect(stream.items.slice(1).map(({ data }) => data)).toMatchObject([
      { reason: 'erased', to: cursor },
      { reason: 'erased', to: cursor },
    ]);
  });
});
