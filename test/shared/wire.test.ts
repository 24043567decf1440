import fc from 'fast-check';
import superjson from 'superjson';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { EventsError } from '../../shared/errors.ts';
import { defineEvents, fromLogEntry, toLogEntry } from '../../shared/index.ts';
import { decode } from '../../shared/wire/decode.ts';
import { encode } from '../../shared/wire/encode.ts';
import { INPUT_LIMITS } from '../../shared/wire/limits.ts';
import { overTheWire, read } from './over-the-wire.ts';

const SEED = { seed: 11, numRuns: 500 };

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
