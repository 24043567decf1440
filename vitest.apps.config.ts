import { defineConfig } from 'vitest/config';

/** Foreign applications with the packed package, each with an install of its own: `npm run test:apps`. */
export default defineConfig({
  test: {
    include: ['test/apps/*.{ci,long}.ts'],
    globalSetup: ['test/apps/report.ts', 'test/setup/run-directory.ts'],
    pool: 'forks',
    fileParallelism: false,
    hookTimeout: 60_000,
  },
});
