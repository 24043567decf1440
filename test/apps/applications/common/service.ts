/** A service without a framework: HTTP, server-sent events and WebSocket on one port, mounted and as a whole server. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createHTTPHandler } from '@trpc/server/adapters/standalone';
import { createClient } from 'psyche-events/client';
import { applyBroadcastWSSHandler, loadConfig, startServer, WEBSOCKET_LIMITS } from 'psyche-events/server';
import { WebSocketServer } from 'ws';
import { follow } from './follow.ts';
import { receive } from './receive.ts';
import { appRouter, catalog, manager } from './router.ts';

const http = createServer(
  createHTTPHandler({
    router: appRouter,
    basePath: '/trpc/',
    createContext: ({ req }) => ({ user: req.headers['x-user']?.toString() ?? null }),
  }),
);
const wss = new WebSocketServer({ server: http, path: '/trpc', ...WEBSOCKET_LIMITS });
applyBroadcastWSSHandler({
  wss,
  router: appRouter,
  createContext: ({ info }) => ({ user: info.connectionParams?.['user'] ?? null }),
});
http.listen(0, '127.0.0.1');
await once(http, 'listening');

const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/trpc`;
console.log(await receive(url));
console.log(await follow(url));
http.close();
http.closeAllConnections();
wss.close();
await manager.close();

const server = await startServer(loadConfig({ port: 0, logLevel: 'silent' }, {}), { catalog });
const client = createClient({ url: server.url, catalog });
const first = new Promise<bigint>((resolve) => client.on('dream', ({ data }) => resolve(data.length)));
await client.publish('dream', { at: new Date(0), heard: new Map(), length: 7n });
console.log(`received ${await first} from a whole server`);
await client.close();
await server.close();
