import fc from 'fast-check';
import { expect, test } from 'vitest';
import { largestCall } from '../../server/broadcaster/protocol/messages.ts';

const byJson = (message: unknown) =>
  Math.max(...[message].flat().map((call) => Buffer.byteLength(JSON.stringify(call))));

test('the largest call of a message has as many bytes as JSON would write it with', () => {
  const call = fc.dictionary(fc.string(), fc.jsonValue());
  fc.assert(
    fc.property(fc.oneof(call, fc.array(call, { minLength: 1, maxLength: 5 })), (message) => {
      const text = JSON.stringify(message);
      expect(largestCall(text)).toBe(byJson(JSON.parse(text)));
    }),
    { seed: 11, numRuns: 1_000 },
  );
});

test.each<[string, string, number]>([
  ['strings with brackets, commas and quotes', String.raw`["],[{\\\"\\",2]`, 12],
  ['blanks before it', ' \n[1,22]', 2],
  ['no JSON: a string without end', '["aaaa', 5],
  ['no JSON: more after its end', '[1]22222', 5],
  ['letters of several bytes', '["ää",1]', 6],
])('%s', (_, text, bytes) => {
  expect(largestCall(text)).toBe(bytes);
});
