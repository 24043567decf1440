import type * as z from 'zod';

/** Kinds of values a filter can compare; `any` where a schema leaves it open. */
export type FieldKind = 'string' | 'number' | 'boolean' | 'bigint' | 'date' | 'null' | 'any';

const LEAVES: Readonly<Record<string, FieldKind>> = {
  string: 'string',
  enum: 'string',
  template_literal: 'string',
  number: 'number',
  int: 'number',
  nan: 'number',
  boolean: 'boolean',
  bigint: 'bigint',
  date: 'date',
  null: 'null',
  any: 'any',
  unknown: 'any',
};

/**
 * The kinds of comparable values a schema yields at a path of keys; none if there is no such field, or it is nothing
 * that can be compared.
 */
export function fieldKinds(schema: z.core.$ZodType, path: readonly string[]): ReadonlySet<FieldKind> {
  const kinds = new Set<FieldKind>();
  collect(schema, path, 0, kinds, []);
  return kinds;
}

/**
 * @param at how many keys of the path led to the schema
 * @param seen the schemas that each number of keys led to: a schema that holds itself, or another on two ways, is
 *   looked at once, and not once for each way
 */
function collect(
  schema: z.core.$ZodType,
  path: readonly string[],
  at: number,
  kinds: Set<FieldKind>,
  seen: Set<z.core.$ZodType>[],
): void {
  const here = seen[at] ?? new Set();
  seen[at] = here;
  if (here.has(schema)) return;
  here.add(schema);
  const { def } = (schema as z.core.$ZodTypes)._zod;
  const key = path[at];
  const same = (inner: z.core.$ZodType): void => collect(inner, path, at, kinds, seen);
  const within = (inner: z.core.$ZodType): void => collect(inner, path, at + 1, kinds, seen);
  switch (def.type) {
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'nonoptional':
    case 'readonly':
    case 'catch':
      if (def.type === 'nullable' && key === undefined) kinds.add('null');
      same(def.innerType);
      break;
    case 'lazy':
      same((schema as z.core.$ZodLazy)._zod.innerType);
      break;
    case 'pipe':
      same(def.out);
      break;
    case 'union':
      for (const option of def.options) same(option);
      break;
    case 'intersection':
      same(def.left);
      same(def.right);
      break;
    case 'object': {
      const field = key !== undefined && Object.hasOwn(def.shape, key) ? def.shape[key] : def.catchall;
      if (key !== undefined && field) within(field);
      break;
    }
    case 'record':
      if (key !== undefined) within(def.valueType);
      break;
    case 'literal':
      if (key === undefined) for (const value of def.values) kinds.add(kindOf(value) ?? 'any');
      break;
    default: {
      const kind = LEAVES[def.type];
      if (kind === 'any' || (kind && key === undefined)) kinds.add(kind);
    }
  }
}

/** The kind of a value, or undefined if it cannot be compared. */
export function kindOf(value: unknown): FieldKind | undefined {
  if (value === null) return 'null';
  if (value instanceof Date) return 'date';
  const type = typeof value;
  return type === 'string' || type === 'number' || type === 'boolean' || type === 'bigint' ? type : undefined;
}
