import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig, type RunningServer, startServer } from 'psyche-events/server';
import { defineConfig, type Plugin } from 'vite';
import { catalog } from './catalog.ts';

/** The server that runs: Vite reads this file again, in the same process, when it or what it imports has changed. */
const kept = globalThis as { server?: RunningServer };

/** The server of the events, in this process; its log is in a file, so questions outlive it. */
const events: Plugin = {
  name: 'events',
  apply: 'serve',
  async config() {
    await kept.server?.close();
    const data = process.env['DATA'] ?? join(tmpdir(), 'psyche-approval.db');
    const config = loadConfig({ port: 0, logLevel: 'silent', drainMs: 0, data }, {});
    kept.server = await startServer(config, { catalog });
    return { server: { proxy: { '/trpc': { target: kept.server.url, ws: true } } } };
  },
};

// biome-ignore lint/style/noDefaultExport: what Vite reads
export default defineConfig({ plugins: [events] });
