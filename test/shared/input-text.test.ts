import { describe, expect, test } from 'vitest';
import { decode } from '../../shared/wire/decode.ts';
import { hasMoreValues, parseInput } from '../../shared/wire/json-text.ts';
import { INPUT_LIMITS } from '../../shared/wire/limits.ts';

/** The values of a text as decoding counts them, once it is parsed. */
function valuesOf(json: string): number {
  const json_ = JSON.parse(json) as unknown;
  for (let maxNodes = 0; ; maxNodes++) {
    try {
      decode({ json: json_ }, { limits: { ...INPUT_LIMITS, maxNodes } });
      return maxNodes;
    } catch {
      // more
    }
  }
}

const PAD = ' '.repeat(200);

describe('values are counted in the text as the decoder counts them', () => {
  test.each([
    '1',
    '"[1,2,{:,"',
    '[]',
    '{}',
    '[ ]',
    '[[],[[]],{}]',
    '[1,2,3]',
    '{"a":1,"b":[true,null]}',
    '{"a,b":"c:d","\\"":["\\\\","\\\\\\"[,"]}',
    '{ "a" : { "b" : [ { } , [ ] ] } , "c" : "{[" }',
    JSON.stringify(Array.from({ length: 30 }, (_, n) => ({ n, list: Array(n % 4).fill({}) }))),
  ])('%s', (json) => {
    const values = valuesOf(json);
    // Padded, since a text that is too short to have more is not looked at.
    const text = PAD + json + PAD.repeat(values);
    expect(hasMoreValues(text, values)).toBe(false);
    if (values > 0) expect(hasMoreValues(text, values - 1)).toBe(true);
  });
});

test('a text with more values than an input may have is refused before it is parsed', () => {
  const parse = JSON.parse;
  let parsed = 0;
  JSON.parse = (...args: Parameters<typeof parse>): unknown => {
    parsed++;
    return parse(...args);
  };
  try {
    const text = `[${'{},'.repeat(INPUT_LIMITS.maxNodes)}{}]`;
    expect(() => parseInput(text)).toThrow(expect.objectContaining({ code: 'TOO_LARGE' }));
    expect(parsed).toBe(0);
    // The control: one value less, and the parser is asked.
    expect(parseInput(text.replace('{},', ''))).toHaveLength(INPUT_LIMITS.maxNodes);
    expect(parsed).toBe(1);
  } finally {
    JSON.parse = parse;
  }
});

test('values of an invalid text are counted up to the most it could have', () => {
  expect(hasMoreValues('"'.repeat(1000), 10)).toBe(false);
  expect(hasMoreValues('[,'.repeat(1000), 10)).toBe(true);
  expect(hasMoreValues(`["${'\\'.repeat(1000)}`, 10)).toBe(false);
});
