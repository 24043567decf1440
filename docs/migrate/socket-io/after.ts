/** Orders as events: a topic for each shop, and a client that is cut off for a moment. */
import { EventEmitter, once } from 'node:events';
import { defineEvents } from 'psyche-events';
import { createClient } from 'psyche-events/client';
import { loadConfig, startServer } from 'psyche-events/server';
import * as z from 'zod';

const catalog = defineEvents({ order: z.object({ item: z.string() }) });

// The server
const server = await startServer(loadConfig({ port: 0, logLevel: 'warn' }), { catalog });
const order = (item: string) => server.manager.publish('order', { item }, { topic: 'corner-shop' });

// The client
const arrivals = new EventEmitter();
const client = createClient({ url: server.url, catalog });
const subscription = client.on('order', ({ data }) => arrivals.emit(data.item, console.log(data.item)), {
  topic: 'corner-shop',
  onGap: ({ lost, reason }) => console.log(`missed ${lost ?? 'some'}: ${reason}`),
});

// A day of work
await subscription.ready;
const tea = once(arrivals, 'tea');
await order('tea');
await tea;
for (const { id } of server.broadcaster.connections) server.broadcaster.disconnect(id); // a network that changes
await order('bread');
const milk = once(arrivals, 'milk');
await order('milk');
await milk;
await client.close();
await server.close();
