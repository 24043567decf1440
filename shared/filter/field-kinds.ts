import type { z } from 'zod';

/** Kinds of values a filter can compare; `any` where a schema leaves it open. */
export type FieldKind = 'string' | 'number' | 'boolean' | 'bigint' | 'date' | 'null' | 'any';

const LEAVES: Readonly<Record<string, FieldKind>> = {
  string: 'string',
  enum: 'string',
  template_literal: 'string',
  number: 'number',
  int: 'number',
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
  collect(schema, path, kinds);
  return kinds;
}

function collect(schema: z.core.$ZodType, path: readonly string[], kinds: Set<FieldKind>): void {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  const [key, ...rest] = path;
  switch (def.type) {
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'nonoptional':
    case 'readonly':
    case 'catch':
      if (def.type === 'nullable' && key === undefined) kinds.add('null');
      collect(def.innerType, path, kinds);
      break;
    case 'lazy':
      collect(def.getter(), path, kinds);
      break;
    case 'pipe':
      collect(def.out, path, kinds);
      break;
    case 'union':
      for (const option of def.options) collect(option, path, kinds);
      break;
    case 'intersection':
      collect(def.left, path, kinds);
      collect(def.right, path, kinds);
      break;
    case 'object': {
      const field = key !== undefined && Object.hasOwn(def.shape, key) ? def.shape[key] : def.catchall;
      if (key !== undefined && field) collect(field, rest, kinds);
      break;
    }
    case 'record':
      if (key !== undefined) collect(def.valueType, rest, kinds);
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
