import { expect, test, vi } from 'vitest';
import { PublishRate, WindowCounter } from '../../server/limits/publish-rate.ts';

test('up to the limit may be taken for a key in a second, and again in the next', () => {
  let now = 0;
  const counter = new WindowCounter({ limit: 10, now: () => now });
  expect(counter.take('a', 9)).toBe(0);
  now = 400;
  expect(counter.take('b', 10)).toBe(0);
  expect(counter.take('a', 1)).toBe(0);
  expect(counter.take('a', 1)).toBe(600);
  now = 1000;
  expect(counter.take('a', 10)).toBe(0);
  expect(counter.take('b', 1)).toBe(400);
});

test('a time of day that is set back makes nobody wait beyond the end of the window', async () => {
  let ms = performance.now();
  using _monotonic = vi.spyOn(performance, 'now').mockImplementation(() => ms);
  const rate = new PublishRate({ perSecond: 5 });
  const { now } = Date;
  await rate.take('alice', 5);
  using _ = vi.spyOn(Date, 'now').mockImplementation(() => now() - 3_600_000);
  ms += 400;
  const refusal = await rate.take('alice', 5).catch((error: unknown) => error);
  expect(refusal).toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: 600 });
  ms += 600;
  await rate.take('alice', 1);
});
