import * as z from 'zod';
import { partsOf } from './schema-parts.ts';

/** Kinds of schema that accept and yield plain JSON, as far as their parts do. */
const PLAIN: ReadonlySet<string> = new Set([
  ...['string', 'number', 'boolean', 'null', 'literal', 'enum', 'template_literal', 'never'],
  ...['object', 'record', 'array', 'tuple', 'union', 'intersection', 'lazy'],
  ...['optional', 'nonoptional', 'nullable', 'readonly', 'default', 'prefault', 'catch'],
]);

/**
 * Tells if everything a schema accepts, and everything it yields, is plain JSON and equal. Data of such a schema needs no
 * annotations in the log. All its parts are of kinds that are known to be plain, and it yields undefined nowhere but in
 * fields that may as well be absent.
 */
export function isPlainJsonSchema(schema: z.ZodType): boolean {
  return !yieldsUndefined(schema) && [...partsOf(schema)].every(isPlain);
}

function isPlain(part: z.core.$ZodTypes): boolean {
  const { def } = part._zod;
  if (def.type === 'literal' && !def.values.every(isScalar)) return false;
  return PLAIN.has(def.type) && !holdsUndefined(part);
}

function isScalar(value: unknown): boolean {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
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
