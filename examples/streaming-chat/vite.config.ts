import { createClient } from 'psyche-events/client';
import { loadConfig, startServer } from 'psyche-events/server';
import { defineConfig, type Plugin } from 'vite';
import { runAssistant } from './assistant.ts';
import { catalog } from './catalog.ts';

/** The server of the events, and the assistant as one of its clients, in this process: one command runs all. */
const events: Plugin = {
  name: 'events',
  apply: 'serve',
  async config() {
    const { url } = await startServer(loadConfig({ port: 0, logLevel: 'silent' }, {}), { catalog });
    runAssistant(createClient({ url, catalog }));
    return { server: { proxy: { '/trpc': { target: url, ws: true } } } };
  },
};

// biome-ignore lint/style/noDefaultExport: what Vite reads
export default defineConfig({ plugins: [events] });
