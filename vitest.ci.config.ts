import { defineConfig } from 'vitest/config';

/**
 * Forms that take too long for `npm test`, and yet decide about a change: `.ci/run` runs them, about three minutes.
 * Run them with `npm run test:ci`.
 */
export default defineConfig({
  test: {
    include: ['test/**/*.ci.ts'],
    globalSetup: ['test/setup/chromium-unpacked.ts', 'test/setup/run-directory.ts'],
    pool: 'forks',
    fileParallelism: false,
    hookTimeout: 60_000,
  },
});
