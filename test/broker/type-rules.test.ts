import { expect, test } from 'vitest';
import { MemoryBroker } from '../../server/broker/memory-broker.ts';
import { isCut, lastCut, mayHave, typesAfter } from '../../server/broker/retention/cuts.ts';
import { completeRetention, longestAgeMs } from '../../server/broker/retention/retention.ts';

function rulesOf(retention: NonNullable<Parameters<typeof completeRetention>[1]['retention']>) {
  const { rules } = completeRetention('Test', { maxRecords: 7, maxAgeMs: 5000, retention });
  return rules.map(({ type, maxRecords, maxAgeMs }) => [type, maxRecords, maxAgeMs]);
}

const MANY = Number.MAX_SAFE_INTEGER;

test('limits of types are ages, numbers, or both; all other types share the general ones', () => {
  expect(rulesOf({ a: '30 days', b: { records: 100 }, c: { records: 5, age: '1 h' }, d: 1500 })).toEqual([
    ['log.erased', MANY, 2_592_000_000],
    ['a', MANY, 2_592_000_000],
    ['b', 100, 5000],
    ['c', 5, 3_600_000],
    ['d', MANY, 1500],
    ['*', 7, 5000],
  ]);
  expect(rulesOf({})).toEqual([]);
  expect(longestAgeMs(completeRetention('Test', { retention: { a: '2 weeks' } }))).toBe(1_209_600_000);
  expect(longestAgeMs(completeRetention('Test', { maxAgeMs: 60_000, retention: { a: '1 s' } }))).toBe(60_000);
});

test.each([
  ['250 ms', 250],
  ['90 s', 90_000],
  ['90s', 90_000],
  ['1 second', 1000],
  ['30 min', 1_800_000],
  ['2 minutes', 120_000],
  ['12 h', 43_200_000],
  ['36 hours', 129_600_000],
  ['7 d', 604_800_000],
  ['1 day', 86_400_000],
  ['30 days', 2_592_000_000],
  ['2 w', 1_209_600_000],
])('a duration may be said as %s', (age, ms) => {
  expect(rulesOf({ a: age })[1]).toEqual(['a', MANY, ms]);
});

test.each([
  '',
  '30',
  'days',
  '-1 days',
  '0 s',
  '1.5 h',
  '1  h',
  '1 mss',
  '1 ds',
  '1 month',
  '99999999999999 w',
])('a duration is never %j', (age) => {
  expect(() => rulesOf({ a: age })).toThrow('Test: retention must be limits by type');
});

test('a wrong limit is refused with its type', () => {
  const open = (retention: object) => new MemoryBroker({ retention: retention as never });
  const slips = [{ records: null }, { records: 5, agee: '1 h' }];
  for (const limit of [
    ...slips,
    {},
    { records: 0 },
    { records: 1.5 },
    { records: '5' },
    null,
    true,
    0,
    -1,
    Number.NaN,
  ])
    expect(() => open({ chatty: limit })).toThrow(/MemoryBroker: retention must be .* that of "chatty" is/);
  for (const type of ['*', '', 'log.erased', 'a b', '1st'])
    expect(() => open({ [type]: '1 h' })).toThrow(TypeError);
});

test('cuts tell which types may be gone after a number', () => {
  const cuts = { others: 10, types: new Map(Object.entries({ a: 20, b: 0 })) };
  expect(typesAfter(5, cuts)).toEqual({ allBut: ['b'] });
  expect(typesAfter(10, cuts)).toEqual({ only: ['a'] });
  expect(typesAfter(20, cuts)).toEqual({ only: [] });
  expect(lastCut(cuts)).toBe(20);
  expect([11, 10].map((seq) => isCut({ type: 'x', seq }, cuts))).toEqual([false, true]);
  expect(['a', 'b'].map((type) => isCut({ type, seq: 15 }, cuts))).toEqual([true, false]);
  expect(mayHave({ only: ['a'] }, 'a')).toBe(true);
  expect(mayHave({ only: ['a'] }, 'b')).toBe(false);
  expect(mayHave({ allBut: ['a', 'log.erased'] }, 'a')).toBe(false);
  expect(mayHave({ allBut: ['a', 'log.erased'] }, 'c')).toBe(true);
  // A notice of erasing may be of any type.
  expect(mayHave({ only: ['log.erased'] }, 'b')).toBe(true);
  expect(mayHave({ allBut: ['a'] }, 'a')).toBe(true);
});
