import { defineConfig } from 'vitest/config';

/** Foreign applications with the packed package, the long ones too: `npm run test:apps`. */
export default defineConfig({
  test: {
    include: ['test/apps/*.{test,long}.ts'],
    globalSetup: ['test/apps/report.ts', 'test/setup/run-directory.ts'],
    pool: 'forks',
    fileParallelism: false,
    hookTimeout: 60_000,
  },
});
