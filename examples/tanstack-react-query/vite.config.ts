import { defineConfig } from 'vite';

// biome-ignore lint/style/noDefaultExport: what Vite reads
export default defineConfig({
  server: { proxy: { '/trpc': { target: 'http://127.0.0.1:3000', ws: true } } },
});
