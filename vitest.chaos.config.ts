import { defineConfig } from 'vitest/config';

/** The long forms of the fault tests: `npm run test:chaos`. */
export default defineConfig({
  test: {
    include: [
      'test/faults/**/*.test.ts',
      'test/model/**/*.test.ts',
      'test/agents/table/table.test.ts',
      'test/broker/contract/contract-topologies.test.ts',
    ],
    globalSetup: ['test/setup/redis.ts', 'test/setup/run-directory.ts', 'test/faults/chaos-report.ts'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 20_000, interval: 20 } },
  },
});
