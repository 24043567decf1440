import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Counters } from '../../verify/counters.ts';

test('counters hold what a map holds, in whatever order they come', () => {
  const added = fc.array(fc.tuple(fc.nat({ max: 30 }), fc.nat({ max: 2 })), { maxLength: 60 });
  fc.assert(
    fc.property(added, (pairs) => {
      const counters = new Counters();
      const map = new Map<number, number>();
      for (const [counter, mark] of pairs) {
        expect(counters.add(counter, mark)).toBe(!map.has(counter));
        if (!map.has(counter)) map.set(counter, mark);
      }
      const inOrder = [...map.keys()].sort((a, b) => a - b);
      expect([...counters]).toEqual(inOrder);
      expect(counters.size).toBe(map.size);
      expect(counters.highest).toBe(inOrder.at(-1) ?? -1);
      for (let counter = -1; counter <= 31; counter++) expect(counters.mark(counter)).toBe(map.get(counter));
    }),
  );
});

test('counters that rise by one take one run for each mark, however many they are', () => {
  const counters = new Counters();
  for (let counter = 0; counter < 100_000; counter++) counters.add(counter, counter < 70_000 ? 0 : 1);
  expect(counters.runs).toBe(2);
  expect(counters.size).toBe(100_000);
});
