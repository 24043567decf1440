import fc from 'fast-check';
import superjson, { SuperJSON } from 'superjson';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { kindsOf } from '../../shared/data/schema-facts.ts';
import { EventsError } from '../../shared/errors.ts';
import { defineEvents, fromLogEntry, toLogEntry, transformer } from '../../shared/index.ts';
import { decode } from '../../shared/wire/decode.ts';
import { encode } from '../../shared/wire/encode.ts';
import type { Encoded } from '../../shared/wire/format.ts';
import { ALL_KINDS, INPUT_LIMITS, LOG_LIMITS, optionsOnly, SCALARS } from '../../shared/wire/limits.ts';

const SEED = { seed: 11, numRuns: 500 };

/** As it comes out of a socket. */
function overTheWire(encoded: object): Encoded {
  return JSON.parse(JSON.stringify(encoded));
}

function read(encoded: object): unknown {
  return decode(overTheWire(encoded), { limits: INPUT_LIMITS });
}

/** Keys that paths have to escape, and others. */
const key = fc.oneof(
  fc.constantFrom('', '.', '\\', 'a.b', 'a\\', '\\.', '0', 'toString', 'ä'),
  fc.string({ maxLength: 4 }).filter((text) => !['__proto__', 'constructor', 'prototype'].includes(text)),
);

const leaf = fc.oneof(
  fc.string(),
  fc.boolean(),
  fc.double(),
  fc.constant(null),
  fc.constant(undefined),
  fc.bigInt(),
  fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) }),
  fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0),
  fc.constantFrom(/a.b/giu, new URL('https://example.org/a?b')),
  fc.uint8Array({ maxLength: 5 }),
);

const value = fc.letrec<{ any: unknown }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    leaf,
    fc.array(tie('any'), { maxLength: 4 }),
    fc.dictionary(key, tie('any'), { maxKeys: 4, noNullPrototype: true }),
    fc.array(fc.tuple(tie('any'), tie('any')), { maxLength: 3 }).map((entries) => new Map(entries)),
    fc.array(tie('any'), { maxLength: 3 }).map((items) => new Set(items)),
  ),
})).any;

describe('any value', () => {
  test('comes back unchanged', () => {
    fc.assert(
      fc.property(value, (it) => {
        expect(read(encode(it, { lossless: true }))).toStrictEqual(it);
      }),
      SEED,
    );
  });

  test('is read by superjson', () => {
    fc.assert(
      fc.property(value, (it) => {
        expect(superjson.deserialize(overTheWire(encode(it)) as never)).toStrictEqual(it);
      }),
      SEED,
    );
  });

  test('is read from superjson', () => {
    fc.assert(
      fc.property(value, (it) => {
        expect(read(superjson.serialize(it as never))).toStrictEqual(it);
      }),
      SEED,
    );
  });

  test('that occurs twice becomes two equal ones, from superjson too', () => {
    const shared = { at: new Date(5), tags: new Set(['a']) };
    const it = { one: shared, two: [shared, shared], map: new Map([[shared, shared]]) };
    expect(superjson.serialize(it as never).meta?.referentialEqualities).toBeDefined();
    expect(read(superjson.serialize(it as never))).toStrictEqual(it);
    expect(encode(it).meta).not.toHaveProperty('referentialEqualities');
    expect(read(encode(it))).toStrictEqual(it);
  });

  test('is not changed, and not copied if it is plain JSON', () => {
    const plain = { a: [1, { b: 'c' }] };
    expect(encode(plain).json).toBe(plain);
    const mixed = { plain, at: new Date(5) };
    const { json } = encode(mixed);
    expect((json as typeof mixed).plain).toBe(plain);
    expect(mixed.at).toEqual(new Date(5));
    const encoded = overTheWire(encode(mixed));
    const before = structuredClone(encoded);
    decode(encoded, { limits: INPUT_LIMITS });
    expect(encoded).toEqual(before);
  });

  test('is encoded by superjson itself if it is an error, class, symbol or custom', () => {
    class Money {
      cents = 1n;
    }
    const symbol = Symbol('north');
    superjson.registerClass(Money);
    superjson.registerSymbol(symbol, 'north');
    superjson.registerCustom<WeakRef<object>, string>(
      {
        isApplicable: (it): it is WeakRef<object> => it instanceof WeakRef,
        serialize: () => 'held',
        deserialize: () => new WeakRef({}),
      },
      'WeakRef',
    );
    const error = new RangeError('too far', { cause: new Date(5) });
    const back = read(encode([new Money(), symbol, new WeakRef({}), error])) as unknown[];
    expect(back[0]).toBeInstanceOf(Money);
    expect(back[0]).toEqual(new Money());
    expect(back[1]).toBe(symbol);
    expect(back[2]).toBeInstanceOf(WeakRef);
    expect(back[3]).toMatchObject({ name: 'RangeError', message: 'too far', cause: new Date(5) });
  });

  test('with annotations of superjson before version 1 is read by their rules', () => {
    const old = { json: { 'a\\': { b: '5' } }, meta: { values: { 'a\\.b': ['bigint'] } } };
    expect(() => read(old)).toThrow(/is annotated, but does not exist/); // a backslash escapes the dot
    expect(read({ json: { 'a\\b': '5' }, meta: { values: { 'a\\b': ['bigint'] } } })).toEqual({ 'a\\b': 5n });
  });
});

describe('names that JavaScript’s objects have', () => {
  const names = ['constructor', 'prototype', '__proto__'];
  const holding = (name: string, it: unknown) =>
    Object.fromEntries([
      [name, it],
      ['at', new Date(5)],
    ]);

  test.each(names)('are data: %s', (name) => {
    const inner = Object.fromEntries([[name, 'clay']]);
    const it = { data: holding(name, { deep: inner }) };
    const back = read(encode(it)) as typeof it;
    expect(Object.keys(back.data)).toEqual([name, 'at']);
    expect(Object.getPrototypeOf(back.data)).toBe(Object.prototype);
    expect(back.data['at']).toEqual(new Date(5));
    expect(JSON.stringify(back)).toBe(JSON.stringify(it));
    expect({}).not.toHaveProperty('deep');
  });

  test.each(names)(
    'are refused with the reason when some value below them needs an annotation: %s',
    (name) => {
      expect(() => encode(holding(name, { at: new Date(5) }))).toThrow(
        expect.objectContaining({ code: 'INVALID_EVENT', message: expect.stringContaining(`named ${name}`) }),
      );
      const foreign = {
        json: holding(name, { at: '2026-01-01T00:00:00Z' }),
        meta: { values: { [`${name}.at`]: ['Date'] }, v: 1 },
      };
      expect(() => read(foreign)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }));
      expect({}).not.toHaveProperty('at');
    },
  );

  test('control: are not written by superjson', () => {
    expect(() => superjson.serialize({ constructor: 'clay' } as never)).toThrow(/prototype pollution/);
  });
});

describe('a value that cannot be sent', () => {
  const loop: Record<string, unknown> = { at: new Date(5) };
  loop['self'] = loop;
  class Unknown {
    a = 1;
  }

  test.each<[string, unknown, RegExp]>([
    ['a cycle', { loop }, /contains itself/],
    ['an error that causes itself', [Object.assign(new Error('x'), { cause: loop })], /contains itself/],
    ['an array of bigints', [new BigInt64Array(1)], /use a Uint8Array/],
    ['an endless bigint', [10n ** 1001n], /digits/],
  ])('is refused: %s', (_, it, message) => {
    expect(() => encode(it)).toThrow(message);
    expect(() => encode(it)).toThrow(EventsError);
  });

  test.each<[string, unknown]>([
    ['a function', () => {}],
    ['an invalid Date', new Date(Number.NaN)],
    ['an instance of an unregistered class', new Unknown()],
    ['an unregistered symbol', Symbol('x')],
  ])('does not get into a log: %s', (_, it) => {
    const catalog = defineEvents({ open: z.object({ it: z.unknown() }) });
    const log = (data: unknown) => toLogEntry(catalog, { event_type: 'open', data });
    expect(() => log({ it })).toThrow(
      expect.objectContaining({ code: 'INVALID_EVENT', message: expect.stringContaining(': data.it: ') }),
    );
    expect(fromLogEntry(log({ it: [undefined, 1n] }))).toMatchObject({ data: { it: [undefined, 1n] } });
  });
});

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

/** Counts the visits of a walk over a value as a tree. */
function visits(it: unknown, limit: number): number {
  let count = 0;
  const walk = (at: unknown): void => {
    if (++count > limit || typeof at !== 'object' || at === null) return;
    for (const inner of Object.values(at)) walk(inner);
  };
  walk(it);
  return count;
}

/** Objects in one another, each of which superjson is told to hold the next one twice. */
function doubled(levels: number) {
  let inner: object = {};
  for (let level = 0; level < levels; level++) inner = { a: inner, b: {} };
  const referentialEqualities: Record<string, string[]> = {};
  for (let path = 'a', level = 0; level < levels; level++, path += '.a')
    referentialEqualities[path] = [`${path.slice(0, -1)}b`];
  return { json: inner, meta: { referentialEqualities } };
}

describe('the cost of decoding', () => {
  test('stays that of the sent tree for objects that superjson would share', () => {
    expect(visits(read(doubled(16)), 1e6)).toBe(1 + 2 * 16);
  });

  test('control: grows to 65 536 leaves from 16 levels with superjson', () => {
    expect(visits(superjson.deserialize(doubled(16) as never), 1e6)).toBeGreaterThan(2 ** 16);
  });

  test('is avoided for a place that superjson’s dedupe left out, which is refused with what to do', () => {
    const shared = { a: 1 };
    const encoded = new SuperJSON({ dedupe: true }).serialize({ one: shared, two: shared } as never);
    expect(() => read(encoded)).toThrow(/two: .*send the value at each place/);
    const loop: Record<string, unknown> = {};
    loop['self'] = loop;
    expect(() => read(superjson.serialize({ loop } as never))).toThrow(/without cycles/);
  });

  test('grows with the text of an annotation: properties of a Set are not searched', () => {
    let steps = 0;
    const counting = {
      ownKeys: (target: unknown[]) => Reflect.ownKeys(target),
      get(target: unknown[], name: string | symbol, receiver: unknown) {
        steps++;
        return Reflect.get(target, name, receiver);
      },
    };
    const items = Array.from({ length: 200 }, () => null);
    const values = { s: ['set', Object.fromEntries(items.map((_, index) => [index, ['undefined']]))] };
    const json = { s: new Proxy(items, counting) };
    decode({ json, meta: { values, v: 1 } }, { limits: INPUT_LIMITS });
    expect(steps).toBeLessThan(200 * 20);
  });

  const nested = (levels: number) => JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`) as unknown;

  test.each<[string, Encoded, RegExp]>([
    ['depth', { json: nested(INPUT_LIMITS.maxDepth + 1) }, /nested more than/],
    ['values', { json: Array.from({ length: 11 }, () => 1) }, /more than 10 values/],
    [
      'fields, with their names',
      { json: Object.fromEntries(['a', 'b', 'c', 'd', 'e', 'f'].entries()) },
      /more than 10 values/,
    ],
    [
      'values in all',
      { json: [Array.from({ length: 6 }, () => 1), Array.from({ length: 6 }, () => 1)] },
      /more than 10 values/,
    ],
    [
      'annotations',
      {
        json: [null, null, null, null],
        meta: { values: { 0: ['undefined'], 1: ['undefined'], 2: ['undefined'], 3: ['undefined'] } },
      },
      /more than 3 annotations/,
    ],
    [
      'annotations, equalities among them',
      { json: [[], [], [], []], meta: { referentialEqualities: { 0: ['1', '2', '3'] } } },
      /more than 3 annotations/,
    ],
    [
      'the depth of annotations',
      {
        json: {},
        meta: { values: JSON.parse(`${'[0,{"a":'.repeat(20_000)}["Date"]${'}]'.repeat(20_000)}`) },
      },
      /Invalid/,
    ],
    [
      'the length of a path',
      { json: {}, meta: { values: { ['a.'.repeat(30_000)]: ['Date'] } } },
      /is annotated, but does not exist/,
    ],
  ])('is bounded in %s', (_, encoded, message) => {
    const limits = { ...INPUT_LIMITS, maxNodes: 10, maxAnnotations: 3 };
    const large = { ...limits, maxNodes: 1_000 };
    expect(() => decode(encoded, { limits: message.source.includes('values') ? limits : large })).toThrow(
      message,
    );
  });

  test('allows the largest possible network, and not a body of 1 MiB full of the smallest values', () => {
    const connection = { from: 'a', to: 'b', strength: 1, is_active: true, type: 'normal' };
    const connections = Array.from({ length: 10_000 }, () => connection);
    const data = { connections, communication_stats: {}, event_type: 'all' };
    expect(decode({ json: { data } }, { limits: INPUT_LIMITS })).toEqual({ data });
    for (const small of ['{}', '[]', '0', '""']) {
      const text = `[${Array.from({ length: Math.floor(2 ** 20 / (small.length + 1)) }, () => small)}]`;
      const json = { data: { metadata: { all: JSON.parse(text) as unknown } } };
      expect(() => decode({ json }, { limits: INPUT_LIMITS })).toThrow(/more than 125000 values/);
      expect(decode({ json }, { limits: LOG_LIMITS })).toBe(json); // the control
    }
  });

  test('is counted over the whole input for expensive values, and not counted for a log', () => {
    const patterns = (count: number) => Array.from({ length: count }, (_, n) => `/${n}\\p{RGI_Emoji}/v`);
    const values = (count: number) => Object.fromEntries(patterns(count).map((_, n) => [n, ['regexp']]));
    const encoded = (count: number) => ({ json: patterns(count), meta: { values: values(count), v: 1 } });
    expect(read(encoded(20))).toHaveLength(20);
    expect(() => read(encoded(100))).toThrow(/regexp beyond the 1000 characters/);
    expect(decode(encoded(100), { limits: LOG_LIMITS })).toHaveLength(100);
    const international = new URL('http://ä.example/ö?ü#ß'); // which becomes ASCII
    expect(read(encode({ international }))).toEqual({ international });
  });

  test('allows a log of an earlier version, with equalities, to be read as written', () => {
    const at = new Date(5);
    const { json, meta } = superjson.serialize({ data: { data: { one: [at], two: [at] } } } as never);
    expect(meta?.referentialEqualities).toBeDefined();
    const entry = { json: JSON.stringify((json as { data: unknown }).data), meta: JSON.stringify(meta) };
    expect(fromLogEntry(entry)).toEqual({ data: { one: [at], two: [at] } });
    expect(() => decode({ json: nested(300) }, { limits: LOG_LIMITS })).toThrow(/nested/);
  });

  test('allows an answer to be read as deep as it is written', () => {
    const deep = { page: nested(310), at: new Date(5) };
    expect(transformer.output.deserialize(overTheWire(transformer.output.serialize(deep)))).toEqual(deep);
  });
});

describe('the kinds of value that a schema can hold', () => {
  const holds = (schema: z.ZodType) => [...kindsOf(schema)].filter((kind) => !SCALARS.has(kind)).sort();

  test.each<[string, z.ZodType, string[]]>([
    ['plain data', z.object({ a: z.string(), b: z.array(z.int()).optional() }), []],
    ['dates', z.object({ at: z.date() }), []],
    ['a Map in a list in a union', z.union([z.string(), z.array(z.map(z.string(), z.date()))]), ['map']],
    ['a Set in a Map', z.map(z.string(), z.set(z.string())), ['map', 'set']],
    ['a pipe, by its input', z.string().pipe(z.transform((text) => new Set(text))), []],
    [
      'a codec',
      z.codec(z.iso.datetime(), z.date(), { decode: (text) => new Date(text), encode: String }),
      [],
    ],
    [
      'a recursive schema',
      z.object({
        get inner() {
          return z.set(z.string()).optional();
        },
      }),
      ['set'],
    ],
  ])('are found: %s', (_, schema, expected) => {
    expect(holds(schema)).toEqual(expected);
  });

  test.each<[string, z.ZodType]>([
    ['unknown', z.object({ a: z.record(z.string(), z.unknown()) })],
    ['any', z.array(z.any())],
    ['a custom check', z.instanceof(URL)],
    ['a preprocessed value', z.preprocess((it) => it, z.string())],
    ['a coerced value', z.coerce.string()],
    ['an object with unnamed fields', z.looseObject({})],
  ])('are all where it is open: %s', (_, schema) => {
    expect(kindsOf(schema)).toBe(ALL_KINDS);
  });
});
