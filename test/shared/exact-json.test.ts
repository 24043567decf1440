import { expect, test } from 'vitest';
import { parseExactly } from '../../shared/index.ts';
import { firstRounded } from '../../shared/wire/json-text.ts';

test('control: JSON.parse rounds whole numbers silently', () => {
  expect(JSON.parse('9007199254740993')).toBe(9007199254740992);
});

test('a whole number that would be rounded becomes a bigint', () => {
  expect(parseExactly('{"a":9007199254740993,"b":[-12345678901234567890],"c":"9007199254740993"}')).toEqual({
    a: 9007199254740993n,
    b: [-12345678901234567890n],
    c: '9007199254740993',
  });
  expect(firstRounded('{"9007199254740995":1,"a":9007199254740993,"b":9007199254740995}')).toBe(
    '9007199254740993',
  );
});

test('all other values are those of JSON.parse', () => {
  const numbers = [
    0,
    1,
    2 ** 53,
    2 ** 53 - 1,
    2 ** 60,
    2 ** 63,
    123456789012345680000,
    1e300,
    0.1 + 0.2,
    1234567890123456.8,
  ];
  for (const text of [
    JSON.stringify(numbers),
    '[1e400, 0.12345678901234567890, 9007199254740992, -0]',
    '{"text":"\\"9007199254740993","__proto__":{"a":"9007199254740993"}}',
  ]) {
    expect(JSON.stringify(parseExactly(text))).toBe(JSON.stringify(JSON.parse(text)));
    expect(firstRounded(text)).toBeUndefined();
  }
  expect(() => parseExactly('{"a":9007199254740993')).toThrow(SyntaxError);
});

test.each(['{12345678901234567890:1}', '[{"a":[{"b":1,12345678901234567890 : 2}]}]'])(
  'a long number in the place of a name is no JSON, as for JSON.parse: %s',
  (text) => {
    expect(() => JSON.parse(text)).toThrow(SyntaxError);
    expect(() => parseExactly(text)).toThrow(SyntaxError);
  },
);
