import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { defineEvents, psycheEvents, toLogEntry } from '../../shared/index.ts';
import { agentMessage } from '../support/events.ts';

/** Data as JSON has it: `__proto__` in it is a field. */
const json = (text: string): unknown => JSON.parse(text);
const parsed = (schema: z.ZodType, data: unknown): string =>
  JSON.stringify(defineEvents({ e: schema }).parse('e', data));
const refusal = (path: (string | number)[]) =>
  expect.objectContaining({ code: 'INVALID_EVENT', issues: [expect.objectContaining({ path })] });

const HELD = '{"keep":1,"__proto__":{"polluted":true},"deep":[{"__proto__":2}],"constructor":3}';

describe('a field named __proto__', () => {
  test('control: is dropped by zod, which reports success', () => {
    const { success, data } = z.record(z.string(), z.json()).safeParse(json(HELD));
    expect(success).toBe(true);
    expect(JSON.stringify(data)).not.toContain('__proto__');
  });

  test.each<[string, z.ZodType]>([
    ['a record', z.record(z.string(), z.json())],
    ['a record with names of limited length', z.record(z.string().min(4).max(30), z.json())],
    ['a loose object', z.looseObject({ keep: z.number() })],
    ['an object with a catchall', z.object({ keep: z.number() }).catchall(z.json())],
    ['anything', z.unknown()],
    ['JSON', z.json()],
    ['an intersection', z.record(z.string(), z.json()).and(z.looseObject({ keep: z.number() }))],
    ['a union', z.union([z.string(), z.record(z.string(), z.json())])],
    ['a read-only record', z.record(z.string(), z.json()).readonly()],
    ['a recursive record', z.lazy(() => z.record(z.string(), z.json()))],
    ['an object with code that sees only texts', z.looseObject({ keep: z.number().refine((n) => n > 0) })],
  ])('is kept in its place: %s', (_, schema) => {
    expect(parsed(schema, json(HELD))).toBe(HELD);
    expect({}).not.toHaveProperty('polluted');
  });

  test('is kept in the log', () => {
    const data = { ...agentMessage('hi'), metadata: json(HELD) };
    const { json: text } = toLogEntry(psycheEvents, { event_type: 'agent_message', data });
    expect(text).toContain(HELD);
    const update = json(
      '{"connections":[],"communication_stats":{"__proto__":{"sent":1,"received":2}},"event_type":"x"}',
    );
    expect(JSON.stringify(psycheEvents.parse('network_update', update))).toBe(JSON.stringify(update));
  });

  test('is validated like any other, and named in the error', () => {
    const stats = z.object({ stats: z.record(z.string(), z.number()), list: z.array(z.strictObject({})) });
    const parse = (text: string) => () => defineEvents({ e: stats }).parse('e', json(text));
    expect(parse('{"stats":{"__proto__":"x"},"list":[]}')).toThrow(refusal(['data', 'stats', '__proto__']));
    expect(parse('{"stats":{},"list":[{"__proto__":1}]}')).toThrow(/"__proto__"/);
  });

  test.each<[string, z.ZodType]>([
    ['a schema that has such a field', z.looseObject({ ['__proto__']: z.number() })],
    [
      'names that must match a pattern that it does not match',
      z.record(z.templateLiteral(['__proto', z.string()]), z.json()),
    ],
    [
      'names checked by code',
      z.record(
        z.string().refine((name) => name !== '__proto__'),
        z.json(),
      ),
    ],
    ['code that gets the object', z.looseObject({}).refine(() => true)],
    ['code that transforms it', z.looseObject({}).transform((data) => data)],
    ['code before the schema', z.preprocess((data) => data, z.looseObject({}))],
    ['a custom type', z.custom(() => true)],
  ])('is refused by name where it cannot be kept: %s', (_, schema) => {
    expect(() => parsed(schema, json('{"__proto__":1}'))).toThrow(refusal(['data', '__proto__']));
    expect(parsed(schema, {})).toBe('{}');
  });

  test('is refused where a transform produces it', () => {
    const schema = z.record(z.string().trim(), z.number());
    expect(() => parsed(schema, { ' __proto__ ': 1 })).toThrow(refusal(['data', ' __proto__ ']));
    expect(parsed(schema, { ' a ': 1 })).toBe('{"a":1}');
  });

  test('does not affect other names', () => {
    const names = Array.from(
      { length: 60 },
      (_, n) => `__${String.fromCharCode(97 + (n % 26))}${'aab'[(n / 26) | 0]}aaa__`,
    );
    const text = JSON.stringify(Object.fromEntries([...names, 'x'].map((name, n) => [name, n]))).replace(
      '"x"',
      '"__proto__"',
    );
    expect(parsed(z.record(z.string(), z.json()), json(text))).toBe(text);
  });
});

describe('a schema field with a name that every object inherits', () => {
  const schema = z.object({
    constructor: z.string().optional(),
    toString: z.unknown().optional(),
    rest: z.json(),
  });

  test('control: is found inherited by zod', () => {
    expect(schema.safeParse({ rest: 1 }).success).toBe(false);
  });

  test('may be absent or present', () => {
    expect(parsed(schema, { rest: { a: [{}] } })).toBe('{"rest":{"a":[{}]}}');
    expect(parsed(schema, { constructor: 'clay', rest: 1 })).toBe('{"constructor":"clay","rest":1}');
  });
});
