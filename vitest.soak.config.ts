import { defineConfig } from 'vitest/config';

/** Long runs: `npm run test:soak`. */
export default defineConfig({
  test: {
    include: ['test/soak/**/*.soak.ts', 'test/dashboard/*.soak.ts'],
    globalSetup: ['test/setup/run-directory.ts'],
    pool: 'forks',
    fileParallelism: false,
    disableConsoleIntercept: true,
    // The first Chromium of a machine is unpacked.
    hookTimeout: 60_000,
  },
});
