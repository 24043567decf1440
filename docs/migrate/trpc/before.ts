/** Orders over tRPC: an EventEmitter, a subscription with `tracked` ids, and a client that is cut off for a moment. */
import { EventEmitter, on, once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createTRPCClient, createWSClient, wsLink } from '@trpc/client';
import { initTRPC, tracked } from '@trpc/server';
import { applyWSSHandler } from '@trpc/server/adapters/ws';
import { WebSocket, WebSocketServer } from 'ws';

interface Order {
  id: string;
  item: string;
}

// The server
const t = initTRPC.create();
const orders = new EventEmitter();
const appRouter = t.router({
  onOrder: t.procedure.subscription(async function* ({ signal }) {
    for await (const [order] of on(orders, 'add', { signal })) yield tracked(order.id, order as Order);
  }),
});
let count = 0;
const order = async (item: string) => orders.emit('add', { id: String(++count), item });

const wss = new WebSocketServer({ port: 0, host: '127.0.0.1' });
applyWSSHandler({ wss, router: appRouter });
await once(wss, 'listening');
const url = `ws://127.0.0.1:${(wss.address() as AddressInfo).port}`;

// The client
const arrivals = new EventEmitter();
const socket = createWSClient({ url, WebSocket: WebSocket as never });
const trpc = createTRPCClient<typeof appRouter>({ links: [wsLink({ client: socket })] });
const started = once(arrivals, 'started');
trpc.onOrder.subscribe(undefined, {
  onStarted: () => arrivals.emit('started'),
  onData: ({ data }) => arrivals.emit(data.item, console.log(data.item)),
});

// A day of work
await started;
const tea = once(arrivals, 'tea');
await order('tea');
await tea;
const again = once(arrivals, 'started');
for (const each of wss.clients) each.terminate(); // a network that changes, a laptop that sleeps
await order('bread');
await again;
const milk = once(arrivals, 'milk');
await order('milk');
await milk;
await socket.close();
wss.close();
