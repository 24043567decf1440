import { loadConfig, startServer } from 'psyche-events/server';
import { defineConfig, type Plugin } from 'vite';
import { catalog } from './catalog.ts';

/** The server of the events, in this process: one command runs both. */
const events: Plugin = {
  name: 'events',
  apply: 'serve',
  async config() {
    const { url } = await startServer(loadConfig({ port: 0, logLevel: 'silent' }, {}), { catalog });
    return { server: { proxy: { '/trpc': { target: url, ws: true } } } };
  },
};

// biome-ignore lint/style/noDefaultExport: what Vite reads
export default defineConfig({ plugins: [events] });
