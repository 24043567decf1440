import { defineConfig } from 'vitest/config';

/**
 * Folders whose files share a process, one after the other: what they import is loaded once in each worker, not once in
 * each file. They start servers and clients, and clean up behind them; nothing of them looks at its process as a whole.
 */
const SHARED = [
  'access',
  'app',
  'broadcaster',
  'client',
  'dashboard',
  'event-manager',
  'groups',
  'ingress',
  'limits',
  'metrics',
  'react',
  'router',
  'schema',
  'shared',
  'simulation',
].map((folder) => `test/${folder}/**/*.test.{ts,tsx}`);

const limits = {
  pool: 'forks',
  // For a machine that is slow and busy: what passes does not wait for them.
  testTimeout: 60_000,
  hookTimeout: 60_000,
  expect: { poll: { timeout: 20_000, interval: 20 } },
} as const;

export default defineConfig({
  test: {
    globalSetup: ['test/setup/redis.ts'],
    maxWorkers: 3, // on two cores: most tests wait for something most of the time
    projects: [
      {
        test: {
          ...limits,
          name: 'apart',
          include: ['test/**/*.test.{ts,tsx}'],
          exclude: SHARED,
          typecheck: { enabled: true, include: ['test/**/*.test-d.ts'], tsconfig: './tsconfig.json' },
        },
      },
      { test: { ...limits, name: 'shared', isolate: false, include: SHARED } },
    ],
  },
});
