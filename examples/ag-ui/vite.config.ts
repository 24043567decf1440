import { defineEvents } from 'psyche-events';
import { agUiEvents, agUiRuns } from 'psyche-events/ag-ui';
import { loadConfig, type RunningServer, startServer } from 'psyche-events/server';
import { defineConfig, type Plugin } from 'vite';
import { weatherAgent } from './agent.ts';

/** The server that runs: Vite reads this file again, in the same process, when it or what it imports has changed. */
const kept = globalThis as { server?: RunningServer };

/** The server of the events, and the agent in it: one command runs all. */
const events: Plugin = {
  name: 'events',
  apply: 'serve',
  async config() {
    await kept.server?.close();
    const catalog = defineEvents(agUiEvents);
    const config = loadConfig({ port: 0, logLevel: 'silent', drainMs: 0 }, {});
    const server = await startServer(config, { catalog });
    kept.server = server;
    agUiRuns(server.manager).serve(weatherAgent());
    return { server: { proxy: { '/trpc': { target: server.url, ws: true } } } };
  },
};

// biome-ignore lint/style/noDefaultExport: what Vite reads
export default defineConfig({ plugins: [events] });
