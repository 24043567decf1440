import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig, startServer } from 'psyche-events/server';
import { defineConfig, type Plugin } from 'vite';
import { catalog } from './catalog.ts';

/** The server of the events, in this process; its log is in a file, so questions outlive it. */
const events: Plugin = {
  name: 'events',
  apply: 'serve',
  async config() {
    const data = process.env['DATA'] ?? join(tmpdir(), 'psyche-approval.db');
    const { url } = await startServer(loadConfig({ port: 0, logLevel: 'silent', data }, {}), { catalog });
    return { server: { proxy: { '/trpc': { target: url, ws: true } } } };
  },
};

// biome-ignore lint/style/noDefaultExport: what Vite reads
export default defineConfig({ plugins: [events] });
