import { once } from 'node:events';
import { applyBroadcastWSSHandler, WEBSOCKET_LIMITS } from 'psyche-events/server';
import { defineConfig, type Plugin } from 'vite';
import { WebSocketServer } from 'ws';
import { appRouter } from './router.ts';

/** The server that runs: Vite reads this file again, in the same process, when it or what it imports has changed. */
const kept = globalThis as { wss?: WebSocketServer };

/** The application's server, in this process: one command runs both. */
const server: Plugin = {
  name: 'server',
  apply: 'serve',
  async config() {
    kept.wss?.close();
    for (const client of kept.wss?.clients ?? []) client.terminate();
    const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', ...WEBSOCKET_LIMITS });
    applyBroadcastWSSHandler({
      wss,
      router: appRouter,
      createContext: ({ info }) => ({ user: info.connectionParams?.['user'] ?? null }),
    });
    kept.wss = wss;
    await once(wss, 'listening');
    const address = wss.address();
    if (address === null || typeof address === 'string') throw new Error('not listening');
    const target = `http://127.0.0.1:${address.port}`;
    return { server: { proxy: { '/trpc': { target, ws: true } } } };
  },
};

// biome-ignore lint/style/noDefaultExport: what Vite reads
export default defineConfig({ plugins: [server] });
