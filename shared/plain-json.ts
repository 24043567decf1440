import { z } from 'zod';

/** Kinds of schema that accept anything, or whose output is not what they accept. */
const NOT_PLAIN = new Set(['any', 'unknown', 'undefined', 'pipe', 'transform']);

/**
 * Whether everything a schema accepts, and everything it yields, is plain JSON and equal.
 * zod itself answers: such a schema can be written as JSON Schema in both directions, and nowhere says "anything".
 */
export function isPlainJsonSchema(schema: z.ZodType): boolean {
  let open = false;
  const options: Parameters<typeof z.toJSONSchema>[1] = {
    unrepresentable: 'throw',
    override: ({ zodSchema }) => {
      if (NOT_PLAIN.has(zodSchema._zod.def.type)) open = true;
    },
  };
  try {
    z.toJSONSchema(schema, { ...options, io: 'input' });
    z.toJSONSchema(schema, { ...options, io: 'output' });
  } catch {
    return false;
  }
  return !open;
}
