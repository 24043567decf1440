import { readdirSync, readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';
import { SlowFirst } from './test/setup/slow-first.ts';

/** Tests of clients that run over server-sent events once more: those that say nothing of how a client is connected. */
const OVER_SSE = readdirSync('test/client', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.ts'))
  .map((file) => `test/client/${file}`)
  .filter((file) => /from '\.{1,2}\/connect\.ts'/.test(readFileSync(file, 'utf8')));

const limits = {
  pool: 'forks',
  // The files of a worker share a process: what they import is loaded once. They clean up behind them.
  isolate: false,
  // For a machine that is slow and busy: what passes does not wait for them.
  testTimeout: 60_000,
  hookTimeout: 60_000,
  expect: { poll: { timeout: 20_000, interval: 20 } },
} as const;

export default defineConfig({
  test: {
    globalSetup: ['test/setup/redis.ts', 'test/setup/chromium-unpacked.ts', 'test/setup/run-directory.ts'],
    sequence: { sequencer: SlowFirst },
    maxWorkers: 6, // on two cores: most tests wait for something most of the time
    // Else each project compiles each module, in every run. A module of another text is another one in the cache.
    experimental: { fsModuleCache: true, fsModuleCachePath: 'node_modules/.cache/modules' },
    projects: [
      {
        test: {
          ...limits,
          name: 'clients over server-sent events',
          env: { CLIENT_TRANSPORT: 'sse' },
          include: OVER_SSE,
        },
      },
      {
        test: {
          ...limits,
          name: 'shared',
          include: ['test/**/*.test.{ts,tsx}'],
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
