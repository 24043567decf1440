import { defineConfig } from 'vitest/config';
import { SlowFirst } from './test/setup/slow-first.ts';

/**
 * Folders whose files have a process each: they strike at it, measure it, or change its environment. All others share
 * one for each worker, in which what they import is loaded once: they start servers and clients, and clean up behind
 * them.
 */
const APART = ['faults', 'model', 'nodes', 'setup', 'soak'].map((folder) => `test/${folder}/**/*.test.ts`);

const limits = {
  pool: 'forks',
  // For a machine that is slow and busy: what passes does not wait for them.
  testTimeout: 60_000,
  hookTimeout: 60_000,
  expect: { poll: { timeout: 20_000, interval: 20 } },
} as const;

export default defineConfig({
  test: {
    globalSetup: ['test/setup/redis.ts', 'test/setup/chromium-unpacked.ts', 'test/setup/run-directory.ts'],
    sequence: { sequencer: SlowFirst },
    maxWorkers: 4, // on two cores: most tests wait for something most of the time
    projects: [
      { test: { ...limits, name: 'apart', include: APART } },
      {
        test: {
          ...limits,
          name: 'shared',
          isolate: false,
          include: ['test/**/*.test.{ts,tsx}'],
          exclude: APART,
          typecheck: {
            enabled: true,
            include: ['test/**/*.test-d.ts'],
            tsconfig: './test/setup/tsconfig.types.json',
          },
        },
      },
    ],
  },
});
