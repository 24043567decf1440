/** Orders over tRPC: a catalog, its procedures, and a client that is cut off for a moment. */
import { EventEmitter, once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { initTRPC } from '@trpc/server';
import { defineEvents, transformer } from 'psyche-events';
import { createClient } from 'psyche-events/client';
import {
  applyBroadcastWSSHandler,
  EventManager,
  errorFormatter,
  eventProcedures,
  MemoryBroker,
} from 'psyche-events/server';
import { WebSocketServer } from 'ws';
import * as z from 'zod';

const catalog = defineEvents({ order: z.object({ item: z.string() }) });

// The server
const t = initTRPC.create({ transformer, errorFormatter });
const manager = new EventManager({ catalog, broker: new MemoryBroker() });
const appRouter = t.router({
  events: eventProcedures(manager, t.procedure),
});
const order = (item: string) => manager.publish('order', { item });

const wss = new WebSocketServer({ port: 0, host: '127.0.0.1' });
applyBroadcastWSSHandler({ wss, router: appRouter });
await once(wss, 'listening');
const url = `ws://127.0.0.1:${(wss.address() as AddressInfo).port}/trpc`;

// The client
const arrivals = new EventEmitter();
const client = createClient<typeof appRouter>({ url, path: 'events' });
const subscription = client.on('order', ({ data }) => arrivals.emit(data.item, console.log(data.item)), {
  onGap: ({ lost, reason }) => console.log(`missed ${lost ?? 'some'}: ${reason}`),
});

// A day of work
await subscription.ready;
const tea = once(arrivals, 'tea');
await order('tea');
await tea;
for (const each of wss.clients) each.terminate(); // a network that changes, a laptop that sleeps
await order('bread');
const milk = once(arrivals, 'milk');
await order('milk');
await milk;
await client.close();
await manager.close();
wss.close();
