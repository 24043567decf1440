import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.{ts,tsx}'],
    globalSetup: ['test/setup/redis.ts'],
    typecheck: { enabled: true, include: ['test/**/*.test-d.ts'], tsconfig: './tsconfig.json' },
    pool: 'forks',
    maxWorkers: 3, // on two cores: most tests wait for something most of the time
    testTimeout: 20_000,
    expect: { poll: { timeout: 10_000, interval: 20 } }, // a busy machine is waited for; a quiet one is not held up
    hookTimeout: 30_000,
  },
});
