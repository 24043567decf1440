import { expect, test } from 'vitest';
import { BoundedMemo } from '../../server/memory/bounded-memo.ts';

/** Makes something as large as its thing says. */
function made(maxBytes: number) {
  const count = new Map<object, number>();
  const recent = new BoundedMemo<{ bytes: number }, object>(
    maxBytes,
    (thing) => {
      count.set(thing, (count.get(thing) ?? 0) + 1);
      return { of: thing };
    },
    ({ bytes }) => bytes,
  );
  return { of: (thing: { bytes: number }) => recent.of(thing), count };
}

test('a recent value is made once, and everybody gets the same one', () => {
  const { of, count } = made(100);
  const thing = { bytes: 40 };
  const first = of(thing);
  of({ bytes: 40 });
  expect(of(thing)).toBe(first);
  expect(count.get(thing)).toBe(1);
});

test('values are kept up to a number of bytes, and the oldest are evicted first', () => {
  const { of, count } = made(100);
  const things = [{ bytes: 40 }, { bytes: 40 }, { bytes: 40 }];
  for (const thing of things) of(thing);
  for (const thing of things.slice(1)) of(thing);
  expect([...count.values()]).toEqual([1, 1, 1]);
  for (const thing of things.slice(0, 1)) of(thing);
  expect([...count.values()]).toEqual([2, 1, 1]);
});

test('a value larger than the bound is kept until the next one', () => {
  const { of, count } = made(100);
  const large = { bytes: 1000 };
  of(large);
  of(large);
  expect(count.get(large)).toBe(1);
  const next = { bytes: 10 };
  of(next);
  of(next);
  expect(count.get(next)).toBe(1);
  of(large);
  expect(count.get(large)).toBe(2);
});
