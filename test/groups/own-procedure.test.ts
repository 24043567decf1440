import { initTRPC } from '@trpc/server';
import { applyWSSHandler } from '@trpc/server/adapters/ws';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { applyBroadcastWSSHandler, EventManager, MemoryBroker, trackedItems } from '../../server/index.ts';
import { noInstruments } from '../../server/telemetry/telemetry.ts';
import { transformer } from '../../shared/index.ts';
import { startServer } from '../broadcaster/harness.ts';
import { agentMessage } from '../support/events.ts';
import { STREAMS, StreamClient, startStreams } from './event-stream-harness.ts';
import { itemsOf, messagesOf } from './harness.ts';

let groups: number;
let manager: EventManager;
let router: ReturnType<typeof routerOf>;

beforeEach(() => {
  groups = 0;
  const grouped = (change: number) => {
    groups += change;
  };
  manager = new EventManager({
    broker: new MemoryBroker(),
    instruments: { ...noInstruments, grouped },
    lingerMs: 0,
  });
  router = routerOf(manager);
});
afterEach(() => manager.close());

/** An application whose own procedures return what the manager gives. */
function routerOf(events: EventManager) {
  const t = initTRPC.create({ transformer });
  return t.router({
    messages: t.procedure.subscription(({ signal }) =>
      trackedItems(() => events.subscribe({ types: ['agent_message'], signal })),
    ),
    past: t.procedure.subscription(({ signal }) =>
      trackedItems(() => events.replay({ speed: 1000, signal })),
    ),
    crowded: t.procedure.subscription(() =>
      trackedItems(() => events.subscribe({ topics: ['*'], since: { last: 1 } })),
    ),
    bare: t.procedure.subscription(({ signal }) => events.subscribe({ signal })),
  });
}

const publish = (n: number) => manager.publish('agent_message', agentMessage(n));

describe.each([
  ['our WebSockets', applyBroadcastWSSHandler, 1],
  ["tRPC's own WebSockets", applyWSSHandler, 0],
] as const)('a procedure over %s', (_, apply, expected) => {
  const serve = () => startServer<typeof router>((options) => apply(options), { router });

  test(`yields trackedItems as items with ids, delivered in ${expected} groups`, async () => {
    await using server = await serve();
    const client = await server.connect();
    client.call(1, 'subscription', 'messages', { json: {} });
    await client.frame(1, 1);
    await expect.poll(() => groups).toBe(expected);
    const { cursor } = await publish(1);
    await client.frame(1, 2);
    expect(messagesOf(client)).toEqual(['1']);
    expect(itemsOf(client).at(-1)?.cursor).toBe(cursor);
  });

  test('yields a replay by iteration, its items with ids too', async () => {
    const { cursor } = await publish(1);
    await using server = await serve();
    const client = await server.connect();
    client.call(1, 'subscription', 'past', { json: {} });
    await client.frame(1, 2);
    expect(itemsOf(client)).toMatchObject([{ cursor, event_type: 'agent_message' }, { cursor }]);
    expect(groups).toBe(0);
  });

  test('ends with the tRPC code of an error', async () => {
    for (let n = 0; n < 60; n++) await manager.publish('agent_message', agentMessage(n), { topic: `t-${n}` });
    await using server = await serve();
    const client = await server.connect();
    client.call(1, 'subscription', 'crowded', { json: {} });
    await expect.poll(() => client.of(1).find(({ error }) => error)?.error).toBeTruthy();
    const { error } = client.of(1).find((frame) => frame.error) ?? {};
    expect((error as { json?: unknown } | undefined)?.json ?? error).toMatchObject({
      data: { code: 'BAD_REQUEST' },
    });
  });

  test('control: yields untracked items without ids, in no group', async () => {
    await using server = await serve();
    const client = await server.connect();
    client.call(1, 'subscription', 'bare', { json: {} });
    await client.frame(1, 1);
    await expect.poll(() => manager.stats().subscribers).toBe(1);
    expect(groups).toBe(0);
    expect(client.of(1).at(-1)?.result).not.toHaveProperty('id');
  });
});

describe.each(STREAMS)('a procedure over server-sent events (%s)', (name, serve) => {
  test('yields trackedItems as events with ids', async () => {
    await using server = await startStreams(serve, router);
    const client = await StreamClient.open(server, 'messages');
    await expect.poll(() => client.items.length).toBe(1);
    expect(groups).toBe(name === 'in groups' ? 1 : 0);
    const { cursor } = await publish(1);
    await expect.poll(() => client.messages).toEqual(['1']);
    expect(client.items.at(-1)?.id).toBe(cursor);
    client.close();
  });
});

test('a caller in the process gets tracked items', async () => {
  const items = (await router.createCaller({}).messages())[Symbol.asyncIterator]();
  await items.next();
  const { cursor } = await publish(1);
  const { value } = await items.next();
  const tracked: unknown = value; // tRPC's types say what a client gets
  expect(Array.from(tracked as unknown[]).slice(0, 2)).toMatchObject([
    cursor,
    { event_type: 'agent_message', data: { message: '1' } },
  ]);
  await items.return?.();
});
