import type { Socket } from 'node:net';
import { createTRPCClient, createWSClient, wsLink } from '@trpc/client';
import { initTRPC } from '@trpc/server';
import superjson from 'superjson';
import { describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import * as z from 'zod';
import {
  type AppRouter,
  applyBroadcastWSSHandler,
  EventManager,
  eventProcedures,
  MemoryBroker,
} from '../../server/index.ts';
import { defineEvents } from '../../shared/index.ts';
import { startServer, until } from '../broadcaster/harness.ts';
import { agentMessage, systemStatus } from '../support/events.ts';
import { itemsOf, messagesOf, startEventServer } from './harness.ts';

const numbers = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => String(from + i));

describe.each([
  ['in groups', {}],
  ['iterated', { live: false as const }],
])('event subscriptions (%s)', (_, options) => {
  test('[D4] deliver every event once and in order to every subscriber, whatever its request id', async () => {
    await using events = await startEventServer(options);
    const ids = [1, 2, 77, 'a', 'ü"\\'];
    const clients = await Promise.all(ids.map((id) => events.subscribe(id)));
    for (const message of numbers(1, 100))
      await events.manager.publish('agent_message', agentMessage(message));
    for (const [index, id] of ids.entries()) {
      const client = clients[index];
      if (client) await until(() => expect(messagesOf(client, id)).toEqual(numbers(1, 100)));
    }
  });

  test('echo jsonrpc in every frame', async () => {
    await using events = await startEventServer(options);
    const client = await events.server.connect();
    client.send({
      id: 1,
      jsonrpc: '2.0',
      method: 'subscription',
      params: { path: 'on.any', input: { json: {} } },
    });
    await client.frame(1, 1);
    await events.manager.publish('agent_message', agentMessage('x'));
    await client.frame(1, 2);
    expect(client.of(1).map(({ jsonrpc }) => jsonrpc)).toEqual(['2.0', '2.0', '2.0']);
  });

  test('[D8] on one socket each deliver what they select', async () => {
    await using events = await startEventServer(options);
    const client = await events.subscribe(1, { types: ['system_status'] });
    client.call(2, 'subscription', 'on.agent_message', { json: {} });
    client.call(3, 'subscription', 'on.any', { json: { topic: 'other' } });
    await client.frame(2, 1);
    await client.frame(3, 1);
    await events.manager.publish('agent_message', agentMessage('m'));
    await events.manager.publish('system_status', systemStatus());
    await events.manager.publish('agent_message', agentMessage('o'), { topic: 'other' });
    await until(() => expect(messagesOf(client, 3)).toEqual(['o']));
    await until(() =>
      expect(itemsOf(client, 1).map((item) => item.event_type)).toEqual(['stream_synced', 'system_status']),
    );
    expect(messagesOf(client, 2)).toEqual(['m']);
  });

  test('[D12] resume after their last event when a stock client’s socket is cut: none lost, none twice', async () => {
    await using events = await startEventServer(options);
    const wsClient = createWSClient({
      url: events.server.url,
      WebSocket: WebSocket as never,
      retryDelayMs: () => 10,
    });
    const client = createTRPCClient<AppRouter>({
      links: [wsLink({ client: wsClient, transformer: superjson })],
    });
    const seen: string[] = [];
    const synced = vi.fn();
    client.on.agent_message.subscribe(undefined, {
      onData({ data }) {
        if (data.event_type === 'agent_message') seen.push(data.data.message);
        if (data.event_type === 'stream_synced') synced(data.data.recovered);
      },
    });
    await until(() => expect(synced).toHaveBeenCalledTimes(1));
    for (let i = 1; i <= 300; i++) {
      await events.manager.publish('agent_message', agentMessage(i));
      if (i % 100 === 50) for (const socket of events.sockets) socket.destroy();
      if (i % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => expect(seen).toEqual(numbers(1, 300)));
    expect(synced.mock.calls.every(([recovered]) => recovered === true)).toBe(true);
    await wsClient.close();
  });

  test('survive an event that cannot be encoded, and carry Date, Map and bigint to a superjson client', async () => {
    const catalog = defineEvents({
      rich: z.object({ at: z.date(), sizes: z.map(z.string(), z.bigint()), tags: z.set(z.string()) }),
      plain: z.object({ n: z.number() }),
    });
    const manager = new EventManager({ catalog, broker: new MemoryBroker() });
    const t = initTRPC.context<{ who: string }>().create({ transformer: superjson });
    const router = t.router({ deep: t.router({ events: eventProcedures(manager, t.procedure) }) });
    await using server = await startServer<typeof router>(
      (stock) => applyBroadcastWSSHandler({ ...stock, ...options }),
      {
        router,
        createContext: () => ({ who: 'me' }),
      },
    );
    const wsClient = createWSClient({ url: server.url, WebSocket: WebSocket as never });
    const client = createTRPCClient<typeof router>({
      links: [wsLink({ client: wsClient, transformer: superjson })],
    });
    const seen: unknown[] = [];
    client.deep.events.on.any.subscribe(undefined, { onData: ({ data }) => void seen.push(data.data) });
    await until(() => expect(seen).toHaveLength(1));
    const rich = { at: new Date(5), sizes: new Map([['a', 2n ** 70n]]), tags: new Set(['x']) };
    await client.deep.events.publish.rich.mutate({ data: rich });
    await client.deep.events.publish.plain.mutate({ data: { n: 1 } });
    await until(() => expect(seen.slice(1)).toEqual([rich, { n: 1 }]));
    await wsClient.close();
    await manager.close();
  });

  test.each([
    ['no transformer', undefined],
    [
      'a transformer of its own',
      {
        serialize: (value: unknown) => ({ wrapped: value }),
        deserialize: (value: { wrapped: unknown }) => value.wrapped,
      },
    ],
  ])('in a router with %s are served in its own format', async (_, transformer) => {
    const manager = new EventManager({ broker: new MemoryBroker() });
    const t = initTRPC.create({ ...(transformer && { transformer }) });
    const router = t.router(eventProcedures(manager, t.procedure));
    await using server = await startServer<typeof router>(
      (stock) => applyBroadcastWSSHandler({ ...stock, ...options }),
      {
        router,
      },
    );
    const client = await server.connect();
    client.call(1, 'subscription', 'on.any', transformer?.serialize({}));
    await client.frame(1, 1);
    const { cursor } = await manager.publish('agent_message', agentMessage('hi'), {
      timestamp: '2026-01-01T00:00:00Z',
    });
    const { result } = await client.frame(1, 2);
    const event = {
      event_type: 'agent_message',
      timestamp: '2026-01-01T00:00:00Z',
      data: agentMessage('hi'),
    };
    const payload = { id: cursor, data: event };
    expect(result).toEqual({ type: 'data', id: cursor, data: transformer ? { wrapped: payload } : payload });
    await manager.close();
  });
});

test('send the frames of one turn in one write, and a single event in its own', async () => {
  await using events = await startEventServer();
  const client = await events.subscribe();
  client.call(2, 'subscription', 'on.any', { json: {} });
  await client.frame(2, 1);
  const [socket] = events.sockets;
  if (!socket) throw new Error('no connection');
  const writes = countWrites(socket);
  await Promise.all(numbers(1, 50).map((n) => events.manager.publish('agent_message', agentMessage(n))));
  await until(() => expect(messagesOf(client, 2)).toEqual(numbers(1, 50)));
  expect(writes()).toBe(1);
  await events.manager.publish('agent_message', agentMessage('single'));
  await until(() => expect(messagesOf(client, 2)).toHaveLength(51));
  expect(writes()).toBe(2);
});

/** Counts a socket's writes, a vector of buffers once. */
function countWrites(socket: Socket): () => number {
  let count = 0;
  for (const name of ['_write', '_writev'] as const) {
    const original: unknown = Reflect.get(socket, name);
    if (typeof original !== 'function') throw new TypeError(`a socket without ${name}`);
    Reflect.set(socket, name, (...args: unknown[]) => {
      count++;
      Reflect.apply(original, socket, args);
    });
  }
  return () => count;
}
