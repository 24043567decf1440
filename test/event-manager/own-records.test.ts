import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, inject, test } from 'vitest';
import * as z from 'zod';
import { type Broker, EventManager, MemoryBroker, RedisBroker } from '../../server/index.ts';
import { defineEvents, growing } from '../../shared/index.ts';
import { agentMessage } from '../support/events.ts';

const brokers: [name: string, make: () => Broker][] = [
  ['memory', () => new MemoryBroker()],
  [
    'Redis',
    () => new RedisBroker({ url: inject('redisUrl') }, { prefix: `own-${randomUUID()}`, timeoutMs: 20_000 }),
  ],
];

let manager: EventManager;
afterEach(() => manager.close());

describe.each(brokers)('records that this process has just written, in %s', (_name, make) => {
  test.each([
    ['a cursor', (cursor: string) => cursor],
    ['a time', () => ({ at: new Date(0).toISOString() })],
    ['the last events', () => ({ last: 1000 })],
  ])('[D5] are told before `stream_synced` to a subscription from %s', async (_since, sinceOf) => {
    manager = new EventManager({ broker: make() });
    const { cursor: first } = await manager.publish('agent_message', agentMessage(0));
    manager.addListener(() => {}); // its hub lives
    await synced({ since: first });
    const late: number[] = [];
    for (let n = 1; n <= 100; n++) {
      const { cursor } = await manager.publish('agent_message', agentMessage(n));
      const told = await synced({ since: sinceOf(first) });
      if (told.at(-1) !== cursor) late.push(n);
    }
    expect(late).toEqual([]);
  });

  test('[D5] are told to subscribers that start together, also of what others go on to write', async () => {
    manager = new EventManager({ broker: make() });
    const { cursor: first } = await manager.publish('agent_message', agentMessage(0));
    manager.addListener(() => {});
    await synced({ since: first });
    let isOver = false;
    const writing = (async () => {
      for (let n = 0; !isOver; n++) {
        await manager.publish('agent_message', agentMessage(n));
        await new Promise(setImmediate); // the others have their turn
      }
    })();
    const { cursor } = await manager.publish('agent_message', agentMessage(-1));
    const all = await Promise.all(Array.from({ length: 20 }, () => synced({ since: first })));
    isOver = true;
    await writing;
    for (const told of all) expect(told).toContain(cursor);
  });
});

test('[D5] an event that was begun, or settled, is told as it is before `stream_synced`', async () => {
  const catalog = defineEvents({ note: growing(z.object({ text: z.string() }), 'text') });
  const own = new EventManager({ broker: new MemoryBroker(), catalog });
  manager = own as never;
  own.addListener(() => {});
  const { cursor: since } = await (await own.begin('note', { text: '' })).done();
  const states = async () => {
    const told: unknown[] = [];
    for await (const [, item] of own.subscribe({ since })) {
      if (item.event_type === 'stream_synced') return told;
      if (item.event_type === 'note') told.push(item.open?.state);
    }
    return told;
  };
  await states();
  const note = await own.begin('note', { text: '' });
  expect((await states()).at(-1)).toBe('open');
  await note.done();
  expect((await states()).at(-1)).toBe('done');
});

test('[D5] a record that the log has lost again is not waited for', async () => {
  const broker = new MemoryBroker();
  const publish = broker.publish.bind(broker);
  broker.publish = async (...published) =>
    (await publish(...published)).map(({ cursor, ...result }) => ({ ...result, cursor: `${cursor}0` }));
  manager = new EventManager({ broker });
  manager.addListener(() => {});
  await synced({ since: { last: 1 } });
  await manager.publish('agent_message', agentMessage(1));
  expect(await synced({ since: { last: 1 } })).toHaveLength(1);
});

/** Cursors of the events that a subscription is told before `stream_synced`. */
async function synced({ since }: { since: string | { at: string } | { last: number } }): Promise<string[]> {
  const told: string[] = [];
  for await (const [cursor, item] of manager.subscribe({ since })) {
    if (item.event_type === 'stream_synced') break;
    told.push(cursor);
  }
  return told;
}
