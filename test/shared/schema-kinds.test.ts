import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { kindsOf } from '../../shared/data/schema-facts.ts';
import { ALL_KINDS, SCALARS } from '../../shared/wire/limits.ts';

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
