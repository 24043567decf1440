import { z } from 'zod';

/** Kinds of schema that accept anything, or whose output is not what they accept. */
const NOT_PLAIN = new Set(['any', 'unknown', 'undefined', 'pipe', 'transform', 'success', 'promise', 'file']);

/**
 * Tells if everything a schema accepts, and everything it yields, is plain JSON and equal. Data of such a schema needs no
 * annotations in the log. zod itself answers: such a schema can be written as JSON Schema in both directions, nowhere
 * says "anything", and yields undefined nowhere but in fields that may as well be absent.
 */
export function isPlainJsonSchema(schema: z.ZodType): boolean {
  let open = false;
  const options: Parameters<typeof z.toJSONSchema>[1] = {
    unrepresentable: 'throw',
    override: ({ zodSchema }) => {
      if (NOT_PLAIN.has(zodSchema._zod.def.type) || holdsUndefined(zodSchema)) open = true;
    },
  };
  try {
    z.toJSONSchema(schema, { ...options, io: 'input' });
    z.toJSONSchema(schema, { ...options, io: 'output' });
    return !open && !yieldsUndefined(schema);
  } catch {
    return false;
  }
}

/** Tells if there may be undefined where JSON would have null, or nothing where the schema asks for something. */
function holdsUndefined({ _zod: { def } }: z.core.$ZodTypes): boolean {
  switch (def.type) {
    case 'array':
      return yieldsUndefined(def.element);
    case 'tuple':
      return [...def.items, ...(def.rest ? [def.rest] : [])].some(yieldsUndefined);
    case 'object':
      return Object.values(def.shape).some(
        (field) => field._zod.optin === undefined && yieldsUndefined(field),
      );
    default:
      return false;
  }
}

function yieldsUndefined(schema: z.core.$ZodType): boolean {
  const result = z.safeParse(schema, undefined);
  return result.success && result.data === undefined;
}
