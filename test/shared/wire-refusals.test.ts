import { describe, expect, test } from 'vitest';
import { EventsError } from '../../shared/errors.ts';
import { decode } from '../../shared/wire/decode.ts';
import { INPUT_LIMITS, optionsOnly } from '../../shared/wire/limits.ts';
import { read } from './over-the-wire.ts';

const MALFORMED: readonly [string, unknown, unknown][] = [
  ['a set of a number', 1, ['set']],
  ['a map of text', 'x', ['map']],
  ['a map of a list that holds no pairs', [[1, 2, 3]], ['map']],
  ['a typed array of a number', 100_000_000, [['typed-array', 'Uint8Array']]],
  ['a typed array of texts', ['1'], [['typed-array', 'Uint8Array']]],
  ['a typed array of no such type', [1], [['typed-array', 'constructor']]],
  ['a bigint of text', 'x', ['bigint']],
  ['a bigint of very many digits', '9'.repeat(100_000), ['bigint']],
  ['a bigint of a number', 1, ['bigint']],
  ['a Date of no time', 'never', ['Date']],
  ['a Date of a number', 5, ['Date']],
  ['a Date of a long text', `2026${' '.repeat(100)}`, ['Date']],
  ['a number of text', '12', ['number']],
  ['undefined of something', 'topic', ['undefined']],
  ['a URL that is none', 'x', ['URL']],
  ['a URL in letters of its own', 'http://ä/', ['URL']],
  ['a URL of more than 8192 characters', `http://a/${'x'.repeat(8192)}`, ['URL']],
  ['a regexp of more than 1000 characters', `/${'x'.repeat(1000)}/`, ['regexp']],
  ['a regexp of a number', 5, ['regexp']],
  ['a regexp that is none', '/(/', ['regexp']],
  ['an Error of text', 'x', ['Error']],
  ['a class that is not registered', {}, [['class', 'X']]],
  ['a class by the name of a field of all objects', {}, [['class', 'constructor']]],
  ['a custom that is not registered', 1, [['custom', '__proto__']]],
  ['a symbol that is not registered', 'x', [['symbol', 'X']]],
  ['no type there is', 1, ['nothing']],
  ['a type that is a number', 1, [5]],
  ['no type', 1, []],
  ['a type that is text', 1, 'Date'],
  ['a path to nothing', { a: 1 }, { 'a.b.c': ['Date'] }],
  ['an index that is none', [1], { '01': ['undefined'] }],
  ['a path with an escape of nothing', { a: 1 }, { '\\a': ['Date'] }],
  ['the same place twice', { a: { b: null } }, { 'a.b': ['undefined'], a: { b: ['undefined'] } }],
  ['null', 1, null],
];

describe('annotations that do not fit', () => {
  test.each(MALFORMED)('are refused: %s', (_, json, values) => {
    const encoded = { json: { data: json }, meta: { values: { data: values }, v: 1 } };
    expect(() => read(encoded)).toThrow(
      expect.objectContaining({
        code: 'INVALID_OPTION',
        issues: [{ path: expect.arrayContaining(['data']), message: expect.any(String) }],
      }),
    );
  });

  test.each<[string, unknown]>([
    ['text', 'x'],
    ['a list', []],
    ['values that are a number', { values: 5 }],
    ['an invalid version', { values: {}, v: {} }],
    ['equalities that are text', { referentialEqualities: 'x' }],
    ['equalities of numbers', { referentialEqualities: { a: [5] } }],
    ['equalities of nothing', { referentialEqualities: { 'a.b.c': ['d'] } }],
  ])('are refused in a meta that is %s', (_, meta) => {
    expect(() => read({ json: { a: 1 }, meta })).toThrow(EventsError);
  });

  test('are ignored where the schema has no room for them', () => {
    const limits = INPUT_LIMITS;
    const filter = { json: { filter: [1] }, meta: { values: { filter: ['set'] }, v: 1 } };
    expect(() => decode(filter, { limits, expects: optionsOnly })).toThrow(/cannot be a set/);
    const at = { json: { filter: '2026-01-01T00:00:00Z' }, meta: { values: { filter: ['Date'] }, v: 1 } };
    expect(decode(at, { limits, expects: optionsOnly })).toEqual({ filter: new Date('2026-01-01') });
  });
});
