import type { z } from 'zod';

/** Where schemas keep what they are made of. */
const HELD_IN = [
  'innerType',
  'element',
  'items',
  'rest',
  'options',
  'left',
  'right',
  'keyType',
  'valueType',
  'in',
  'out',
];

/** More than any schema has that does not make itself anew each time it is asked for its parts. */
const MAX_PARTS = 5000;

/**
 * A schema and all schemas it is made of, each once: fields, items, options, and what `z.lazy` leads to. Null for one
 * that has no end.
 */
export function partsOf(schema: z.core.$ZodType): ReadonlySet<z.core.$ZodTypes> | null {
  const parts = new Set<z.core.$ZodTypes>([schema as z.core.$ZodTypes]);
  // What is added to a set while it is iterated is visited, too.
  for (const part of parts) {
    for (const held of heldBy(part)) if (isSchema(held)) parts.add(held as z.core.$ZodTypes);
    if (parts.size > MAX_PARTS) return null;
  }
  return parts;
}

function heldBy({ _zod }: z.core.$ZodTypes): unknown[] {
  const { def } = _zod;
  if (def.type === 'lazy') return [(_zod as z.core.$ZodLazyInternals).innerType];
  if (def.type === 'object') return [...Object.values(def.shape), def.catchall];
  return HELD_IN.flatMap((key) => Reflect.get(def, key));
}

function isSchema(value: unknown): value is z.core.$ZodType {
  return typeof value === 'object' && value !== null && '_zod' in value;
}
