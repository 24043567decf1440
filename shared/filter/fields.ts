import type * as z from 'zod';
import { splitPath } from '../wire/format.ts';

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

/** Characters of a path. */
const MAX_PATH = 200;

/**
 * The keys of a path such as `sentiment.score`. A dot within a key is written `\.`, and a backslash `\\`, as in
 * superjson's paths: `metadata.model\.name`. Null where a backslash stands before anything else, or the path is longer
 * than 200 characters.
 */
export function keysOf(path: string): readonly string[] | null {
  if (path.length > MAX_PATH) return null;
  return splitPath(path, false) ?? null;
}

/** A key as part of a path. */
export type AsSegment<K extends string> = EscapeDots<EscapeBackslashes<K>>;

type EscapeBackslashes<K extends string> = K extends `${infer Before}\\${infer After}`
  ? `${Before}\\\\${EscapeBackslashes<After>}`
  : K;
type EscapeDots<K extends string> = K extends `${infer Before}.${infer After}`
  ? `${Before}\\.${EscapeDots<After>}`
  : K;

/** The first key of a path, as it is written there, and the path after it. */
export type Cut<P extends string, Before extends string = ''> = P extends `${infer Head}.${infer Rest}`
  ? EndsEscaping<Head> extends true
    ? Cut<Rest, `${Before}${Head}.`>
    : [`${Before}${Head}`, Rest]
  : [`${Before}${P}`, null];

/** True if a text ends with a backslash that is not itself escaped. */
type EndsEscaping<T extends string> = T extends `${infer Before}\\`
  ? EndsEscaping<Before> extends true
    ? false
    : true
  : false;

/** Reads the value at a path of own keys; undefined if there is none. */
export function valueAt(data: unknown, keys: readonly string[]): unknown {
  let value = data;
  for (const key of keys) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = Reflect.get(value, key);
  }
  return value;
}
