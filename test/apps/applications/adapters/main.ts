/** One router under each of tRPC's adapters, followed over server-sent events; and over WebSocket, tRPC's own and ours. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { trpcServer } from '@hono/trpc-server';
import { createTRPCClient, createWSClient, type TRPCLink, wsLink } from '@trpc/client';
import { createExpressMiddleware } from '@trpc/server/adapters/express';
import { fastifyTRPCPlugin } from '@trpc/server/adapters/fastify';
import { fetchRequestHandler } from '@trpc/server/adapters/fetch';
import { createNextApiHandler } from '@trpc/server/adapters/next';
import { createHTTPHandler } from '@trpc/server/adapters/standalone';
import { applyWSSHandler } from '@trpc/server/adapters/ws';
import express from 'express';
import fastify from 'fastify';
import { Hono } from 'hono';
import { applyBroadcastWSSHandler } from 'psyche-events/server';
import superjson from 'superjson';
import { WebSocket, WebSocketServer } from 'ws';
import { follow } from './follow.ts';
import { type AppRouter, manager, appRouter as router } from './router.ts';

type Headers = Record<string, string | string[] | undefined>;
const userOf = (headers: Headers) => ({ user: headers['x-user']?.toString() ?? null });
const createContext = ({ req }: { req: { headers: Headers } }) => userOf(req.headers);
const createFetchContext = ({ req }: { req: Request }) => userOf(Object.fromEntries(req.headers));
const answer = (req: Request) =>
  fetchRequestHandler({ endpoint: '/trpc', req, router, createContext: createFetchContext });

await manager.publish('dream', { at: new Date(0), heard: new Map(), length: 7n });

async function followed(name: string, server: Server): Promise<void> {
  if (!server.listening) await once(server.listen(0, '127.0.0.1'), 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/trpc`;
  console.log(`${name}: ${await follow(url)}`);
  server.closeAllConnections();
  server.close();
}

await followed('standalone', createServer(createHTTPHandler({ router, createContext, basePath: '/trpc/' })));
await followed(
  'express',
  createServer(express().use('/trpc', createExpressMiddleware({ router, createContext }))),
);
await followed(
  'hono, fetch',
  serve({ fetch: new Hono().all('/trpc/*', ({ req }) => answer(req.raw)).fetch, port: 0 }) as Server,
);
await followed(
  'hono, @hono/trpc-server',
  serve({
    fetch: new Hono().use(
      '/trpc/*',
      trpcServer({ router, createContext: ({ req }) => ({ ...createFetchContext({ req }) }) }),
    ).fetch,
    port: 0,
  }) as Server,
);
const app = fastify({ routerOptions: { maxParamLength: 500 } });
await app.register(fastifyTRPCPlugin, { prefix: '/trpc', trpcOptions: { router, createContext } });
await app.listen({ port: 0, host: '127.0.0.1' });
await followed('fastify', app.server);
const nextHandler = createNextApiHandler({ router, createContext });
await followed(
  'next, pages',
  createServer((req, res) => {
    const path = new URL(req.url ?? '', 'http://localhost').pathname;
    // What Next adds to a request of `pages/api/trpc/[trpc].ts`.
    const asNext = Object.assign(req, { query: { trpc: path.slice('/trpc/'.length) }, cookies: {}, env: {} });
    void nextHandler(asNext as never, res as never);
  }),
);

/** An item as a stock client of tRPC has it. */
async function subscribed(name: string, link: TRPCLink<AppRouter>): Promise<void> {
  const trpc = createTRPCClient<AppRouter>({ links: [link] });
  const line = await new Promise<string>((resolve, reject) => {
    const subscription = trpc.events.on.dream.subscribe(
      { since: { last: 1 } },
      {
        onData({ id, data }) {
          if (data.event_type !== 'dream') return;
          const isTyped = data.data.at instanceof Date && typeof data.data.length === 'bigint';
          subscription.unsubscribe();
          resolve(isTyped && /^\w+:1$/.test(id) ? 'an item with its id' : `WRONG: ${id} ${data.data.at}`);
        },
        onError: reject,
      },
    );
  });
  console.log(`${name}: ${line}`);
}

for (const [name, apply] of [
  ['ws', applyWSSHandler],
  ['our broadcaster', applyBroadcastWSSHandler],
] as const) {
  const wss = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(wss, 'listening');
  apply({ wss, router, createContext: ({ info }) => ({ user: info.connectionParams?.['user'] ?? null }) });
  const client = createWSClient({
    url: `ws://127.0.0.1:${(wss.address() as AddressInfo).port}`,
    WebSocket: WebSocket as never,
    connectionParams: { user: 'Ada' },
  });
  await subscribed(name, wsLink({ client, transformer: superjson }));
  await client.close();
  wss.close();
}
await app.close();
await manager.close();
