import type * as z from 'zod';

/** The properties in which schemas keep their parts. */
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

/**
 * A schema and all schemas it is made of, each once: fields, items, options, and what `z.lazy` leads to.
 * @param side `input`: of pipes and transforms only what looks at what comes. Default: all
 */
export function partsOf(
  schema: z.core.$ZodType,
  side: 'all' | 'input' = 'all',
): ReadonlySet<z.core.$ZodTypes> {
  const parts = new Set<z.core.$ZodTypes>([schema as z.core.$ZodTypes]);
  // A set visits items that are added while it is iterated.
  for (const part of parts)
    for (const held of heldBy(part, side)) if (isSchema(held)) parts.add(held as z.core.$ZodTypes);
  return parts;
}

function heldBy({ _zod }: z.core.$ZodTypes, side: 'all' | 'input'): unknown[] {
  const { def } = _zod;
  if (def.type === 'lazy') return [(_zod as z.core.$ZodLazyInternals).innerType];
  if (def.type === 'pipe' && side === 'input') return [def.in];
  if (def.type === 'object') return [...Object.values(def.shape), def.catchall];
  return HELD_IN.flatMap((key) => Reflect.get(def, key));
}

function isSchema(value: unknown): value is z.core.$ZodType {
  return typeof value === 'object' && value !== null && '_zod' in value;
}
