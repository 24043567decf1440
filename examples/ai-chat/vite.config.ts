import { loadConfig, startServer } from 'psyche-events/server';
import { defineConfig, type Plugin } from 'vite';
import { answerChats } from './answers.ts';
import { catalog } from './catalog.ts';
import { standInModel } from './stand-in-model.ts';

/** The server of the events, and the model, in this process: one command runs all. */
const events: Plugin = {
  name: 'events',
  apply: 'serve',
  async config() {
    const { url, manager } = await startServer(loadConfig({ port: 0, logLevel: 'silent' }, {}), { catalog });
    answerChats(manager, standInModel());
    return { server: { proxy: { '/trpc': { target: url, ws: true } } } };
  },
};

// biome-ignore lint/style/noDefaultExport: what Vite reads
export default defineConfig({ plugins: [events] });
