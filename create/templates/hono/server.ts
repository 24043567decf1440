/** Hono serves a page, and the events over HTTP and server-sent events; a Broadcaster adds WebSockets on the same port. */
import { readFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { serve } from '@hono/node-server';
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
const server = serve({ fetch: app.fetch, port, hostname: '127.0.0.1' }, ({ port }) =>
  console.log(`http://127.0.0.1:${port}`),
) as Server;
server.once('error', (error: NodeJS.ErrnoException) => {
  console.error(error.code === 'EADDRINUSE' ? `Port ${port} is taken: PORT=${port + 1} npm run dev` : error);
  process.exit(1);
});
const broadcaster = new Broadcaster({ server, router: appRouter }); // for createClient({ url, path: 'events' })

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    await broadcaster.close();
    await manager.close();
    process.exit();
  });
}
