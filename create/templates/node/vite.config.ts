import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';
import { start } from './server.ts';

/** Starts the server of the events beside the page, on a port that is free: one command runs all. */
const events: Plugin = {
  name: 'events',
  apply: 'serve',
  async config() {
    const { url } = await start({ port: 0, logLevel: 'warn' });
    return { server: { proxy: { '/trpc': { target: url, ws: true } } } };
  },
};

export default defineConfig({ plugins: [react(), events] });
