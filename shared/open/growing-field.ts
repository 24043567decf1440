import type * as z from 'zod';

/** Why no text can grow in a field of a schema; undefined where one can, or where that cannot be known. */
export function notGrowing(schema: z.ZodType, field: string): string | undefined {
  const fields = fieldsOf(schema, field, new Set());
  if (fields.some(mayGrow)) return undefined;
  return fields.length > 0
    ? `the field "${field}" does not take '' as text, and a text begins empty`
    : `the schema has no field "${field}"`;
}

/** Parts that a schema may have, by the names that zod gives them: each is of the same data. */
interface Parts {
  readonly type: string;
  readonly shape?: Readonly<Record<string, z.core.$ZodType>>;
  readonly catchall?: z.core.$ZodType;
  readonly valueType?: z.core.$ZodType;
  readonly innerType?: z.core.$ZodType;
  readonly out?: z.core.$ZodType;
  readonly left?: z.core.$ZodType;
  readonly right?: z.core.$ZodType;
  readonly options?: readonly z.core.$ZodType[];
  readonly getter?: () => z.core.$ZodType;
}

/**
 * The schemas that data may have for a field. Where code of a schema's own makes the data, that schema stands for the field.
 * @param seen the schemas on the way: a schema may hold itself
 */
function fieldsOf(schema: z.core.$ZodType, field: string, seen: Set<z.core.$ZodType>): z.core.$ZodType[] {
  if (seen.has(schema)) return [];
  seen.add(schema);
  const def: Parts = schema._zod.def;
  const { type, shape, innerType, out, left, right, options = [], getter } = def;
  if (OPEN.test(type)) return [schema];
  const own =
    shape && Object.hasOwn(shape, field)
      ? shape[field]
      : (def.catchall ?? (type === 'record' && def.valueType));
  if (own) return [own];
  return [innerType, out, left, right, getter?.(), ...options].flatMap((part) =>
    part ? fieldsOf(part, field, seen) : [],
  );
}

/** Types of schemas that say nothing of fields. */
const OPEN = /^(transform|custom|any|unknown)$/;

/** Tells if a field takes an empty text, and yields text; true also where its own code throws, or is asynchronous. */
function mayGrow(field: z.core.$ZodType): boolean {
  if (OPEN.test(field._zod.def.type)) return true;
  try {
    const result = (field as z.ZodType).safeParse('');
    return result.success && typeof result.data === 'string';
  } catch {
    return true;
  }
}
