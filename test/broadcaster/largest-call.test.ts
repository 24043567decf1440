import fc from 'fast-check';
import { expect, test } from 'vitest';
import { largestCall } from '../../server/broadcaster/protocol/messages.ts';

const byJson = (message: unknown) =>
  Math.max(...[message].flat().map((call) => Buffer.byteLength(JSON.stringify(call))));

test('the largest call of a message is measured as the bytes of its JSON', () => {
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
  ['leading blanks', ' \n[1,22]', 2],
  ['invalid JSON: an unterminated string', '["aaaa', 5],
  ['invalid JSON: text after its end', '[1]22222', 5],
  ['multi-byte characters', '["ää",1]', 6],
])('the largest call is measured with %s', (_, text, bytes) => {
  expect(largestCall(text)).toBe(bytes);
});
