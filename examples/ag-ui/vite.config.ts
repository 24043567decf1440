import { defineEvents } from 'psyche-events';
import { agUiEvents, agUiRuns } from 'psyche-events/ag-ui';
import { loadConfig, startServer } from 'psyche-events/server';
import { defineConfig, type Plugin } from 'vite';
import { weatherAgent } from './agent.ts';

/** The server of the events, and the agent in it: one command runs all. */
const events: Plugin = {
  name: 'events',
  apply: 'serve',
  async config() {
    const catalog = defineEvents(agUiEvents);
    const server = await startServer(loadConfig({ port: 0, logLevel: 'silent' }, {}), { catalog });
    agUiRuns(server.manager).serve(weatherAgent());
    return { server: { proxy: { '/trpc': { target: server.url, ws: true } } } };
  },
};

// biome-ignore lint/style/noDefaultExport: what Vite reads
export default defineConfig({ plugins: [events] });
