import vue from '@vitejs/plugin-vue';
import { loadConfig, startServer } from 'psyche-events/server';
import { defineConfig, type Plugin } from 'vite';

/** The server of the events, in this process: one command runs both. In production it serves the built page itself. */
const events: Plugin = {
  name: 'events',
  apply: 'serve',
  async config() {
    const { url } = await startServer(
      loadConfig({ port: 0, logLevel: 'silent', monitorIntervalMs: 1000 }, {}),
    );
    return { server: { proxy: { '/trpc': { target: url, ws: true } } } };
  },
};

// biome-ignore lint/style/noDefaultExport: what Vite reads
export default defineConfig({ plugins: [vue(), events] });
