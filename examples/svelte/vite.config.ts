import { svelte } from '@sveltejs/vite-plugin-svelte';
import { loadConfig, type RunningServer, startServer } from 'psyche-events/server';
import { defineConfig, type Plugin } from 'vite';

/** The server that runs: Vite reads this file again, in the same process, when it or what it imports has changed. */
const kept = globalThis as { server?: RunningServer };

/** The server of the events, in this process: one command runs both. In production it serves the built page itself. */
const events: Plugin = {
  name: 'events',
  apply: 'serve',
  async config() {
    await kept.server?.close();
    const config = loadConfig({ port: 0, logLevel: 'silent', monitorIntervalMs: 1000, drainMs: 0 }, {});
    kept.server = await startServer(config);
    return { server: { proxy: { '/trpc': { target: kept.server.url, ws: true } } } };
  },
};

// biome-ignore lint/style/noDefaultExport: what Vite reads
export default defineConfig({ plugins: [svelte({ configFile: false }), events] });
