import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  root: 'dashboard',
  // Addresses relative to the page, which a proxy may serve below a path of its own.
  base: './',
  plugins: [react()],
  build: {
    outDir: '../dist/dashboard',
    emptyOutDir: true,
    // Browsers that have light-dark(), color-mix() and nesting, which the style sheets use as they are.
    target: ['chrome123', 'firefox128', 'safari17.5'],
    // Fonts and icons as files: the page's policy allows no data: URLs for fonts.
    assetsInlineLimit: 0,
  },
  // `npx vite` serves the page alone; the events come from a server started beside it.
  server: { proxy: { '/trpc': { target: 'http://127.0.0.1:3000', ws: true } } },
});
