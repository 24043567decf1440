import { expect, test } from 'vitest';
import { startRedis } from '../setup/redis-server.ts';
import { churn, rise } from './churn.ts';
import { checkChurn } from './churn-checks.ts';

const SHORT = { seconds: 4, clients: 10, publishers: 4 };

test('clients that come and go leave nothing behind, nor do their topics', { timeout: 90_000 }, async () => {
  const { heapMiB } = await checkChurn(SHORT);
  // Some seconds of compiling and caching are in it; npm run test:soak looks closer.
  expect(heapMiB.left - heapMiB.empty).toBeLessThan(12);
});

test('control: listeners that nobody removes are noticed', { timeout: 90_000 }, async () => {
  await using redis = await startRedis();
  const options = { redisUrl: redis.url, retentionMaxAgeMs: 2_000, leaks: true };
  const { left } = await churn({ ...options, seconds: 1, leaveSeconds: 7, clients: 2, publishers: 1 });
  // A topic that nobody follows is given up after five seconds; these are still there.
  expect(left.topics).toBeGreaterThan(3);
});

test('the rise of a line is measured, and noise around a level has none', () => {
  expect(rise([1, 2, 3, 4])).toBeCloseTo(3);
  expect(rise([5, 4, 6, 5, 4, 6, 5])).toBeLessThan(1);
});
