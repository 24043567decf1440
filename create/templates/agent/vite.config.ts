import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';
import { start } from './server.ts';

/** The server that runs: Vite reads this file again, in the same process, when it or what it imports has changed. */
const kept = globalThis as { server?: Awaited<ReturnType<typeof start>> };

/** Starts the server of the events beside the page, on a port that is free: one command runs all. */
const events: Plugin = {
  name: 'events',
  apply: 'serve',
  async config() {
    await kept.server?.close();
    kept.server = await start({ port: 0, logLevel: 'warn', drainMs: 0 });
    return { server: { proxy: { '/trpc': { target: kept.server.url, ws: true } } } };
  },
};

export default defineConfig({ plugins: [react(), events] });
