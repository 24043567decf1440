/**
 * The server of the events, and the agent in the same process. `npm run dev` starts it behind the page; `npm run serve`
 * starts it alone, on PORT or 3000.
 * node_modules/psyche-events/docs/operations.md has its variables: DATA=./events.db keeps the events in a file, REDIS_URL
 * shares them among servers, ALLOWED_ORIGINS names the pages of other servers that may use it.
 */
import { pathToFileURL } from 'node:url';
import { loadConfig, type ServerOptions, startServer } from 'psyche-events/server';
import { runAgent } from './agent.ts';
import { catalog } from './catalog.ts';

export async function start(options: ServerOptions = {}) {
  const server = await startServer(loadConfig(options), { catalog });
  runAgent(server.manager);
  return server;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const server = await start();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void server.close());
}
