import { afterEach, expect, test, vi } from 'vitest';
import * as z from 'zod';
import { createClient } from '../../client/index.ts';
import {
  EventManager,
  JsonLogger,
  loadConfig,
  MemoryBroker,
  startServer,
  type Tracing,
} from '../../server/index.ts';
import { defineEvents, ephemeral, growing, presence, question, versions } from '../../shared/index.ts';
import { refused } from '../open/world.ts';
import { settled } from '../support/turns.ts';

const catalog = defineEvents({
  note: z.object({ text: z.string(), at: z.date().optional() }),
  other: z.object({ text: z.string() }),
  wish: ephemeral(z.object({ text: z.string() })),
  reply: growing(z.object({ text: z.string() }), 'text'),
  approval: question({ asks: z.object({ tool: z.string() }), answers: z.object({ allow: z.boolean() }) }),
  viewer: presence(z.object({ name: z.string() })),
});

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

function managerOf(options: Partial<ConstructorParameters<typeof EventManager<typeof catalog>>[0]> = {}) {
  const manager = new EventManager({ broker: new MemoryBroker(), ...options, catalog });
  open.push(manager);
  return manager;
}

test('a handler is called with each event of its type that was accepted, stored or not, before publish resolves', async () => {
  const manager = managerOf();
  const handled: unknown[] = [];
  manager.handle('note', ({ data }, accepted) => handled.push([data, accepted]));
  manager.handle('wish', ({ data, stored }, { by }) => handled.push([data, stored, by]));
  const at = new Date(0);
  const { cursor } = await manager.publish('note', { text: 'a', at }, { topic: 'run-1', by: 'ada' });
  expect(handled).toEqual([
    [
      { text: 'a', at },
      { topic: 'run-1', by: 'ada', cursor },
    ],
  ]);
  await manager.publish('wish', { text: 'b' }, { by: 'bob' });
  expect(handled.slice(1)).toEqual([[{ text: 'b' }, false, 'bob']]);
  const batch = (['c', 'd'] as const).map((text) => ({ event_type: 'note' as const, data: { text } }));
  const [, last] = await manager.publishBatch([...batch, { event_type: 'other', data: { text: 'e' } }]);
  expect(handled.slice(2)).toEqual([
    [{ text: 'c' }, expect.objectContaining({ topic: 'default' })],
    [{ text: 'd' }, { topic: 'default', by: undefined, cursor: last?.cursor }],
  ]);
});

test('an event that was refused, repeated, left out by a throttle, begun or copied is not handled', async () => {
  const manager = managerOf({ throttle: { other: 20 } });
  const handled: unknown[] = [];
  for (const type of ['note', 'other', 'reply'] as const)
    manager.handle(type, ({ data }) => handled.push(`${type} ${data.text}`));
  await expect(manager.publish('note', { text: 7 as never })).rejects.toEqual(refused('INVALID_EVENT'));
  const wrong = [
    { event_type: 'note' as const, data: { text: 'in vain' } },
    { event_type: 'note' as const, data: {} as never },
  ];
  await expect(manager.publishBatch(wrong)).rejects.toEqual(refused('INVALID_EVENT'));
  for (let times = 0; times < 2; times++)
    await manager.publish('note', { text: 'once' }, { idempotencyKey: 'k' });
  await Promise.all(['first', 'between', 'latest'].map((text) => manager.publish('other', { text })));
  const reply = await manager.begin('reply', { text: 'begun' });
  await reply.done();
  const copied = [{ open: { id: 'reply.x', kind: 'growing', state: 'done', field: 'text' } }] as never;
  await manager.publishBatch([{ event_type: 'reply', data: { text: 'copied' } }], { settled: copied });
  await manager.publish('reply', { text: 'complete' });
  expect(handled).toEqual(['note once', 'other first', 'other latest', 'reply complete']);
});

test('the process that was asked handles an event, and no other does; a listener of either hears it', async () => {
  const broker = new MemoryBroker();
  const [here, there] = [managerOf({ broker }), managerOf({ broker })];
  const handled: string[] = [];
  const heard: string[] = [];
  for (const [name, manager] of Object.entries({ here, there })) {
    manager.handle('note', ({ data }) => handled.push(`${name} ${data.text}`));
    manager.addListener(({ event_type }) => heard.push(`${name} ${event_type}`), { types: ['note'] });
  }
  await settled();
  await here.publish('note', { text: '1' });
  await there.publish('note', { text: '2' });
  expect(handled).toEqual(['here 1', 'there 2']);
  await expect.poll(() => heard.toSorted()).toEqual(['here note', 'here note', 'there note', 'there note']);
});

test('a client of a server asks by publishing, and the handler is told who', async () => {
  const authenticate = ({ token: id = '' }) => ({ id, claims: { publish: ['wish'], topics: ['*'] } });
  const config = loadConfig({ port: 0, simulation: false, logLevel: 'silent' }, {});
  const server = await startServer(config, { catalog, authenticate });
  const client = createClient({ url: server.url, catalog, token: () => 'ada' });
  open.push(client, server);
  const handled: unknown[] = [];
  server.manager.handle('wish', ({ data }, { by, topic }) => handled.push([data.text, by, topic]));
  await client.publish('wish', { text: 'tea' }, { topic: 'kitchen' });
  expect(handled).toEqual([['tea', 'ada', 'kitchen']]);
  await expect(client.publish('note', { text: 'no' })).rejects.toEqual(refused('FORBIDDEN'));
});

test('a handler that throws or rejects is logged and counted, and the event is published', async () => {
  const error = vi.fn();
  const manager = managerOf({ logger: Object.assign(new JsonLogger('error', () => {}), { error }) });
  manager.handle('note', () => {
    throw new Error('at once');
  });
  manager.handle('wish', () => Promise.reject(new Error('later')));
  await manager.publish('note', { text: 'a' });
  await manager.publish('wish', { text: 'b' });
  await settled();
  expect(manager.stats().errors.listener).toBe(2);
  expect(error.mock.calls.map(([{ err, handler }]) => [handler, err.message])).toEqual([
    ['note', 'at once'],
    ['wish', 'later'],
  ]);
  expect((await manager.history()).items).toHaveLength(1);
});

test('a type has one handler, until it is removed; a question, a presence and an unknown event have none', async () => {
  const manager = managerOf();
  const handled: string[] = [];
  const remove = manager.handle('note', () => handled.push('first'));
  expect(() => manager.handle('note', () => {})).toThrow(refused('INVALID_OPTION'));
  remove();
  await manager.publish('note', { text: 'nobody' });
  manager.handle('note', () => handled.push('second'));
  remove(); // that of the first, which is gone
  await manager.publish('note', { text: 'a' });
  expect(handled).toEqual(['second']);
  // @ts-expect-error: nobody publishes a question
  expect(() => manager.handle('approval', () => {})).toThrow(refused('INVALID_OPTION'));
  // @ts-expect-error: nobody publishes a presence
  expect(() => manager.handle('viewer', () => {})).toThrow(refused('INVALID_OPTION'));
  // @ts-expect-error: the catalog does not have it
  expect(() => manager.handle('nothing', () => {})).toThrow(refused('UNKNOWN_EVENT'));
  // @ts-expect-error: what handles has to be a function
  expect(() => manager.handle('wish', { handle() {} })).toThrow(refused('INVALID_OPTION'));
  manager.handle('wish', () => {}); // it has none yet
  await manager.close();
  expect(() => manager.handle('other', () => {})).toThrow(refused('CLOSED'));
});

test('an event that is published at an older version is handled as the newest', async () => {
  const versioned = defineEvents({
    note: versions(z.object({ text: z.string() }), [
      z.object({ words: z.string() }),
      ({ text }) => ({ words: text }),
      ({ words }) => ({ text: words }),
    ]),
  });
  const manager = new EventManager({
    broker: new MemoryBroker(),
    catalog: versioned,
    publishAs: { note: 1 },
  });
  open.push(manager);
  const handled: unknown[] = [];
  manager.handle('note', ({ data }) => handled.push(data));
  await manager.publish('note', { words: 'Listen.' });
  expect(handled).toEqual([{ words: 'Listen.' }]);
});

test('a handler runs in a span that continues that of its event', async () => {
  const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
  const spans: unknown[] = [];
  const tracing: Tracing = {
    publish: (_, run) => run(traceparent),
    handle: (traced, run) => {
      spans.push(traced);
      return run();
    },
    delivered: () => {},
  };
  const manager = managerOf({ tracing });
  const handler = vi.fn();
  manager.handle('note', handler);
  const { cursor } = await manager.publish('note', { text: 'a' });
  expect(spans).toEqual([{ topic: 'default', type: 'note', cursor, traceparent }]);
  expect(handler).toHaveBeenCalledTimes(1);
});
