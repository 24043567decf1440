/**
 * Hono serves a page, and the events over HTTP and server-sent events. A Broadcaster on the same port adds WebSockets, and
 * the streams of a createClient that no WebSocket gets through to.
 */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { fetchRequestHandler } from '@trpc/server/adapters/fetch';
import { Hono } from 'hono';
import { Broadcaster } from 'psyche-events/server';
import { appRouter, manager } from './router.ts';

const app = new Hono();
app.all('/trpc/*', ({ req }) =>
  fetchRequestHandler({ endpoint: '/trpc', req: req.raw, router: appRouter, createContext: () => ({}) }),
);
app.get('/', async ({ html }) => html(await readFile(new URL('page.html', import.meta.url), 'utf8')));

const port = Number(process.env['PORT'] ?? 3000);
const answer = getRequestListener(app.fetch);
const server = createServer((request, response) => {
  // A client behind a proxy without upgrades; false for each request that is Hono's
  if (!broadcaster.serveStream(request, response)) void answer(request, response);
});
server.once('error', (error: NodeJS.ErrnoException) => {
  console.error(error.code === 'EADDRINUSE' ? `Port ${port} is taken: PORT=${port + 1} npm run dev` : error);
  process.exit(1);
});
const broadcaster = new Broadcaster({ server, router: appRouter }); // for createClient({ url, path: 'events' })
server.listen(port, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`); // PORT=0 takes one that is free
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    await broadcaster.close();
    await manager.close();
    process.exit();
  });
}
