import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { defineEvents, growing, question, versions } from '../../shared/index.ts';

/** The functions as plain JavaScript calls them. */
const plain = (make: unknown, ...args: unknown[]) => Reflect.apply(make as () => unknown, undefined, args);
const text = z.string();

describe('growing', () => {
  test.each<[string, unknown, unknown, RegExp]>([
    ['no field', z.object({ text }), undefined, /name the field that grows: growing\(z\.object/],
    [
      'a field that is not there',
      z.object({ text }),
      'txt',
      /the schema has no field "txt": growing\(z\.obj/,
    ],
    ['a name of Object’s own', z.object({ text }), 'toString', /no field "toString"/],
    ['a number', z.object({ n: z.number() }), 'n', /"n" does not take '' as text/],
    ['a coerced number', z.object({ n: z.coerce.number() }), 'n', /"n" does not take '' as text/],
    ['a text that becomes a number', z.object({ n: text.transform(Number) }), 'n', /"n" does not take ''/],
    ['a text that is never empty', z.object({ text: text.min(1) }), 'text', /a text begins empty/],
    ['one of some words', z.object({ text: z.enum(['a']) }), 'text', /a text begins empty/],
    ['a number in each option', z.union([z.object({ n: z.number() }), z.object({})]), 'n', /"n" does not/],
    ['data without fields', z.string(), 'text', /no field "text"/],
    ['a schema of another library', { type: 'object' }, 'text', /zod 4/],
    [
      'a first version’s field',
      versions(z.object({ a: text }), [z.object({ b: text }), () => ({ b: '' })]),
      'a',
      /"a"/,
    ],
  ])('refuses %s, and says how it is written', (_, schema, field, message) => {
    const define = () => plain(growing, schema, field);
    expect(define).toThrow(TypeError);
    expect(define).toThrow(message);
  });

  test.each<[string, unknown]>([
    ['optional', z.object({ text: text.optional() })],
    ['defaulted', z.object({ text: text.default('') })],
    ['nullable', z.object({ text: text.nullable() })],
    ['trimmed', z.object({ text: text.trim().transform((said) => said.toLowerCase()) })],
    ['checked by code that is asynchronous', z.object({ text: text.refine(async () => true) })],
    ['of a record', z.record(z.string(), z.string())],
    ['of the rest', z.object({}).catchall(text)],
    ['anything', z.object({ text: z.unknown().refine((said) => typeof said === 'string') })],
    [
      'of one option',
      z.discriminatedUnion('as', [z.object({ as: z.literal('a'), text }), z.object({ as: z.literal('b') })]),
    ],
    ['of a part', z.intersection(z.object({ a: text }), z.object({ text }))],
    ['of a lazy object', z.lazy(() => z.object({ text }))],
    ['made by a transform', z.object({ says: text }).transform(({ says }) => ({ text: says }))],
    ['prepared', z.preprocess((data) => data, z.object({ text }).readonly())],
    [
      'of the newest version',
      versions(z.object({ a: text }), [z.object({ text }), ({ a }) => ({ text: a })]),
    ],
  ])('takes a field that is %s', (_, schema) => {
    const reply = plain(growing, schema, 'text') as ReturnType<typeof growing>;
    expect(defineEvents({ reply }).opens.reply).toEqual({ kind: 'growing', field: 'text' });
  });
});

test.each([
  ['answers', { asks: z.object({}) }],
  ['a question', { answers: z.object({}) }],
])('question refuses to be without %s, and says how it is written', (_, parts) => {
  expect(() => plain(question, parts)).toThrow(TypeError);
  expect(() => plain(question, parts)).toThrow(/pass the schemas of both: question\(\{ asks: z\.object/);
});

test('question refuses answers that are no schema', () => {
  expect(() => plain(question, { asks: z.object({}), answers: { allow: true } })).toThrow(/zod 4/);
});
