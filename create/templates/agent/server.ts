/**
 * The server of the events, with the agent as one of its clients. `npm run dev` starts it behind the page; `npm run serve`
 * starts it alone, on PORT or 3000.
 * node_modules/psyche-events/docs/operations.md has its variables: DATA=./events.db keeps the events in a file, REDIS_URL
 * shares them among servers, ALLOWED_ORIGINS names the pages of other servers that may use it.
 */
import { pathToFileURL } from 'node:url';
import { createClient } from 'psyche-events/client';
import { loadConfig, type ServerOptions, startServer } from 'psyche-events/server';
import { runAgent } from './agent.ts';
import { catalog } from './catalog.ts';

export async function start(options: ServerOptions = {}) {
  const server = await startServer(loadConfig(options), { catalog });
  const client = createClient({ url: server.url, catalog });
  runAgent(client);
  return {
    url: server.url,
    async close() {
      await client.close();
      await server.close();
    },
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const server = await start();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void server.close());
}
