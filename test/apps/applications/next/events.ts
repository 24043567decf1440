/** The WebSocket server beside Next. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { applyBroadcastWSSHandler, WEBSOCKET_LIMITS } from 'psyche-events/server';
import { WebSocketServer } from 'ws';
import { receive } from './receive.ts';
import { appRouter } from './router.ts';

const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', path: '/trpc', ...WEBSOCKET_LIMITS });
applyBroadcastWSSHandler({
  wss,
  router: appRouter,
  createContext: ({ info }) => ({ user: info.connectionParams?.['user'] ?? null }),
});
await once(wss, 'listening');
const url = `http://127.0.0.1:${(wss.address() as AddressInfo).port}`;
console.log(await receive(`${url}/trpc`));
console.log(`listening on ${url}`);
