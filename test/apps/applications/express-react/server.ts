/** Express serves the page and tRPC, over HTTP, server-sent events and WebSocket. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createExpressMiddleware } from '@trpc/server/adapters/express';
import express from 'express';
import { applyBroadcastWSSHandler, WEBSOCKET_LIMITS } from 'psyche-events/server';
import { WebSocketServer } from 'ws';
import { follow } from './follow.ts';
import { receive } from './receive.ts';
import { appRouter as router } from './router.ts';

const app = express();
app.use(
  '/trpc',
  createExpressMiddleware({
    router,
    createContext: ({ req, info }) => ({
      user: info.connectionParams?.['user'] ?? req.header('x-user') ?? null,
    }),
  }),
);
app.use(express.static('dist/page'));
const http = createServer(app);
const wss = new WebSocketServer({ server: http, path: '/trpc', ...WEBSOCKET_LIMITS });
applyBroadcastWSSHandler({
  wss,
  router,
  createContext: ({ info }) => ({ user: info.connectionParams?.['user'] ?? null }),
});
http.listen(0, '127.0.0.1');
await once(http, 'listening');
const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
console.log(await receive(`${url}/trpc`));
console.log(await follow(`${url}/trpc`));
console.log(`listening on ${url}`);
