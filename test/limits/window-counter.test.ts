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
  const rate = new PublishRate({ perSecond: 5 });
  const { now } = Date;
  await rate.take('alice', 5);
  using _ = vi.spyOn(Date, 'now').mockImplementation(() => now() - 3_600_000);
  const refusal = await rate.take('alice', 5).catch((error: unknown) => error);
  expect(refusal).toMatchObject({ code: 'RATE_LIMITED' });
  expect(refusal).toHaveProperty('retryAfterMs', expect.any(Number));
  expect(Number(Reflect.get(Object(refusal), 'retryAfterMs'))).toBeLessThanOrEqual(1000);
  await expect.poll(() => rate.take('alice', 1).then(() => 'taken', String)).toBe('taken');
});
