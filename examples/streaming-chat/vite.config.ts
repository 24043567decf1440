import { createClient } from 'psyche-events/client';
import { loadConfig, startServer } from 'psyche-events/server';
import { defineConfig, type Plugin } from 'vite';
import { runAssistant } from './assistant.ts';
import { catalog } from './catalog.ts';

/** Ends what runs: Vite reads this file again, in the same process, when it or what it imports has changed. */
const kept = globalThis as { stopEvents?: () => Promise<void> };

/** The server of the events, and the assistant as one of its clients, in this process: one command runs all. */
const events: Plugin = {
  name: 'events',
  apply: 'serve',
  async config() {
    await kept.stopEvents?.();
    const config = loadConfig({ port: 0, logLevel: 'silent', drainMs: 0 }, {});
    const { url, close } = await startServer(config, { catalog });
    const client = createClient({ url, catalog });
    kept.stopEvents = () => client.close().then(close);
    runAssistant(client);
    return { server: { proxy: { '/trpc': { target: url, ws: true } } } };
  },
};

// biome-ignore lint/style/noDefaultExport: what Vite reads
export default defineConfig({ plugins: [events] });
