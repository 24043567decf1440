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

/** A schema and all schemas it is made of, each once: fields, items, options, and what `z.lazy` leads to. */
export function partsOf(
  schema: z.core.$ZodType,
  parts: Set<z.core.$ZodTypes> = new Set(),
): ReadonlySet<z.core.$ZodTypes> {
  const part = schema as z.core.$ZodTypes;
  if (parts.has(part)) return parts;
  parts.add(part);
  const { def } = part._zod;
  if (def.type === 'lazy') return partsOf(def.getter(), parts);
  const held: unknown[] = HELD_IN.flatMap((key) => Reflect.get(def, key));
  if (def.type === 'object') held.push(...Object.values(def.shape), def.catchall);
  for (const value of held) if (isSchema(value)) partsOf(value, parts);
  return parts;
}

function isSchema(value: unknown): value is z.core.$ZodType {
  return typeof value === 'object' && value !== null && '_zod' in value;
}
