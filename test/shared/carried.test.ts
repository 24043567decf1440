import vm from 'node:vm';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { defineEvents, EventsError, fromLogEntry, toLogEntry } from '../../shared/index.ts';

/** The data that a subscriber gets of data that a schema accepts. */
function arrived(schema: z.ZodType, data: unknown): unknown {
  const catalog = defineEvents({ e: schema });
  return fromLogEntry<typeof catalog>(toLogEntry(catalog, { event_type: 'e', data })).data;
}
const refusal = (path: (string | number)[]) =>
  expect.objectContaining({ code: 'INVALID_EVENT', issues: [expect.objectContaining({ path })] });

class Point {
  x = 1;
}
const sparse: unknown[] = [1];
sparse[2] = 3;

describe('data of an open schema', () => {
  test.each<[string, unknown, (string | number)[]]>([
    ['a function', { f: () => 1 }, ['f']],
    ['a symbol', { s: Symbol('s') }, ['s']],
    ['an invalid date', { list: [new Date(Number.NaN)] }, ['list', 0]],
    ['an object of a class', { deep: { point: new Point() } }, ['deep', 'point']],
    ['an object of a class from another realm', { at: vm.runInNewContext('new Date(0)') }, ['at']],
    ['toJSON', { toJSON: () => 'other' }, ['toJSON']],
    ['a promise', { p: Promise.resolve() }, ['p']],
    ['a boxed text', { s: Object('text') }, ['s']],
    ['a list with holes', { sparse }, ['sparse']],
    ['a list with fields', { list: Object.assign([1], { more: 2 }) }, ['list']],
    ['a field whose name is a symbol', { a: { [Symbol('s')]: 1 } }, ['a']],
    ['a Buffer', { b: Buffer.from('x') }, ['b']],
    ['a typed array of bigints', { b: new BigInt64Array(1) }, ['b']],
    ['an Error of a class', { e: new RangeError('far') }, ['e']],
    ['a Map of a class', { m: new (class extends Map {})() }, ['m']],
    [
      'a getter that throws',
      {
        get at() {
          throw new Error('own');
        },
      },
      ['at'],
    ],
    ['a function in a Map', { m: new Map([['k', () => 1]]) }, ['m', 0, 1]],
    ['an invalid date in a Set', { s: new Set([new Date(Number.NaN)]) }, ['s', 0]],
  ])('is refused by name where it would arrive changed: %s', (_, data, path) => {
    expect(() => arrived(z.unknown(), data)).toThrow(refusal(['data', ...path]));
  });

  test.each<[string, unknown]>([
    ['undefined in lists and fields', { list: [1, undefined, 3], field: undefined }],
    ['numbers that JSON does not have', { n: [Number.NaN, Number.POSITIVE_INFINITY, -0, 2 ** 60, 1e300] }],
    [
      'a Date, a Map, a Set, a bigint, a URL',
      [new Date(7), new Map([[{ k: 1 }, new Set([1n])]]), new URL('http://a/')],
    ],
    ['typed arrays', { a: new Uint8Array([1, 2]), b: new Float64Array([0.5]) }],
    ['Maps in one another', Array.from({ length: 60 }).reduce((inner) => new Map([['k', inner]]), 1n)],
    ['halves of characters', { '\ud800': '\udc00x' }],
  ])('arrives unchanged: %s', (_, data) => {
    expect(arrived(z.unknown(), data)).toStrictEqual(data);
  });

  test('arrives as plain objects, wherever its objects come from', () => {
    const bare = Object.assign(Object.create(null), { a: Object.create(null) });
    expect(arrived(z.unknown(), { bare })).toStrictEqual({ bare: { a: {} } });
    const foreign = vm.runInNewContext('({ a: [1, { b: new Map([["k", 1]]) }] })', { Map });
    expect(arrived(z.unknown(), foreign)).toStrictEqual({ a: [1, { b: new Map([['k', 1]]) }] });
    const read = {
      get now() {
        return 1;
      },
    };
    expect(arrived(z.unknown(), read)).toStrictEqual({ now: 1 });
  });

  test('arrives unchanged or is refused when a typed array has numbers beyond JSON', () => {
    const data = { f: new Float64Array([1, Number.NaN]) };
    const attempt = () => {
      expect(arrived(z.unknown(), data)).toStrictEqual(data);
      throw new EventsError('INVALID_EVENT', 'it arrived', {
        issues: [{ path: ['data', 'f'], message: '' }],
      });
    };
    expect(attempt).toThrow(refusal(['data', 'f']));
  });

  test('is refused when it contains itself', () => {
    const self: { self?: unknown } = {};
    self.self = self;
    expect(() => arrived(z.unknown(), self)).toThrow(/64 levels/);
    const own = defineEvents({ e: z.unknown() }, { sanitize: false });
    expect(() => own.parse('e', self)).toThrow(/64 levels/);
  });

  test('is refused in no time where its parts are met on ways without number, though nothing cleans it', () => {
    const self: Record<string, unknown> = {};
    Object.assign(self, { one: self, other: self });
    const map = new Map<string, unknown>();
    map.set('one', map).set('other', map);
    let shared: unknown = 'leaf';
    for (let level = 0; level < 40; level++) shared = [shared, shared];
    let deep: unknown = 'leaf';
    for (let level = 0; level < 20_000; level++) deep = { deep };
    for (const schema of [z.unknown(), z.json(), z.map(z.string(), z.unknown())]) {
      const own = defineEvents({ e: schema }, { sanitize: false });
      for (const data of [self, map, shared, deep])
        expect(() => own.parse('e', data)).toThrow(expect.objectContaining({ code: 'INVALID_EVENT' }));
    }
  });

  test('arrives where Maps and Sets are nested as deep as data may be', () => {
    let nested: unknown = new Set(['leaf']);
    for (let level = 0; level < 61; level++) nested = new Map([['in', nested]]);
    const own = defineEvents({ e: z.unknown().refine(() => true) }, { sanitize: false });
    expect(own.parse('e', nested)).toStrictEqual(nested);
  });
});

describe('data of a schema that promises JSON', () => {
  test('has no −0 and no undefined fields, neither parsed nor received', () => {
    const schema = z.object({
      n: z.number(),
      o: z.string().optional(),
      r: z.record(z.string(), z.number().optional()),
    });
    const catalog = defineEvents({ e: schema });
    expect(catalog.isPlainJson('e')).toBe(true);
    const data = { n: -0, o: undefined, r: { x: undefined, y: -0 } };
    expect(catalog.parse('e', data)).toStrictEqual({ n: 0, r: { y: 0 } });
    expect(arrived(schema, data)).toStrictEqual({ n: 0, r: { y: 0 } });
  });

  test('is refused when the schema’s own code changes it', () => {
    const schema = z.object({ n: z.number().overwrite(() => Number.NaN), s: z.array(z.string()) });
    expect(() => arrived(schema, { n: 1, s: [] })).toThrow(refusal(['data', 'n']));
    const list = z.array(z.string().overwrite(() => undefined as never));
    expect(() => arrived(list, ['a'])).toThrow(refusal(['data', 0]));
  });
});

test.each<[boolean, string, z.ZodType]>([
  [false, 'optional items', z.array(z.string().optional())],
  [
    false,
    'items that both may be absent',
    z.array(z.intersection(z.string().optional(), z.string().optional())),
  ],
  [false, 'a tuple with optional items', z.tuple([z.string(), z.number().optional()])],
  [false, 'a tuple with an optional rest', z.tuple([z.string()], z.number().optional())],
  [false, 'an event that may be nothing', z.string().optional()],
  [
    false,
    'a field that must be there, and may be undefined',
    z.object({ a: z.intersection(z.string().optional(), z.string().optional()) }),
  ],
  [false, 'void', z.object({ a: z.void() })],
  [false, 'NaN', z.nan()],
  [false, 'undefined among literals', z.literal(['a', undefined])],
  [false, 'success', z.array(z.success(z.string()))],
  [true, 'items with a default', z.array(z.string().default('x'))],
  [true, 'a tuple', z.tuple([z.string(), z.number().nullable()])],
  [
    true,
    'optional and default fields',
    z.object({ a: z.string().optional(), b: z.number().default(1), c: z.string().nullish() }),
  ],
  [true, 'JSON', z.json()],
  [
    true,
    'a read-only, branded, lazy schema',
    z.lazy(() => z.object({ a: z.string().brand('a') }).readonly()),
  ],
])('plain JSON is %j: %s', (plain, _, schema) => {
  expect(defineEvents({ e: schema }).isPlainJson('e')).toBe(plain);
});
