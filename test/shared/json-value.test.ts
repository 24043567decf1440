import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { jsonValue } from '../../shared/data/bounded-schemas.ts';
import { isPlainJsonSchema } from '../../shared/data/schema-facts.ts';

const schema = z.record(z.string().max(8), jsonValue());
const zods = z.record(z.string().max(8), z.json());

describe('jsonValue() and z.json()', () => {
  test.each([
    [{ a: 1, b: [true, null, 'x', { c: {} }] }],
    [{ a: -0 }],
    [{ a: Object.assign(Object.create(null), { b: 1 }) }],
    [{}],
    [{ a: undefined }],
    [{ a: Number.NaN }],
    [{ a: [new Date()] }],
    [{ a: 1n }],
    [{ a: new Map() }],
    [{ 'a name that is long': 1 }],
    ['text'],
  ])('accept and yield the same for value %#', (value) => {
    const [ours, theirs] = [schema.safeParse(value), zods.safeParse(value)];
    expect(ours.success).toBe(theirs.success);
    expect(ours.data).toEqual(theirs.data);
  });

  test('have the same JSON Schema', () => {
    expect(z.toJSONSchema(schema)).toEqual(z.toJSONSchema(zods));
    expect(isPlainJsonSchema(schema)).toBe(true);
  });
});

/** Times that zod looks at a value of what is parsed. */
function looks(of: z.ZodType, value: unknown): number {
  let count = 0;
  const watched = new Proxy(value as object[], {
    get(target, key, receiver) {
      if (typeof key === 'string' && /^\d+$/.test(key)) count++;
      return Reflect.get(target, key, receiver);
    },
  });
  of.safeParse({ list: watched });
  return count;
}

test('jsonValue() ends at the first value that is none, and names it', () => {
  const dates = Array.from({ length: 1000 }, () => new Date());
  expect(schema.safeParse({ list: dates }).error?.issues).toMatchObject([{ path: ['list', 0] }]);
  expect(looks(schema, dates)).toBeLessThan(10);
  // The control: zod's own looks at each.
  expect(looks(zods, dates)).toBeGreaterThanOrEqual(1000);
});
