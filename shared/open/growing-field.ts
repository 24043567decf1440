import type * as z from 'zod';

/** Why a schema has no field of a name that can grow, as in "… has no …"; undefined where it has one, or that cannot be known. */
export function notGrowing(schema: z.ZodType, field: string): string | undefined {
  const { fields, isOpen } = fieldsOf(schema as z.core.$ZodType, field, new Set());
  if (isOpen) return undefined;
  if (fields.length === 0) return `the schema has no field ${JSON.stringify(field)}`;
  if (fields.some(mayGrow)) return undefined;
  return `the field ${JSON.stringify(field)} does not take '' as text, and a text begins empty`;
}

/** The schemas that data may have for a field. */
interface Fields {
  readonly fields: readonly z.core.$ZodType[];
  /** True where code of the schema's own makes the data, so that nobody can tell. */
  readonly isOpen: boolean;
}

const NONE: Fields = { fields: [], isOpen: false };
const OPEN: Fields = { fields: [], isOpen: true };

/** @param seen the schemas on the way: a schema may hold itself */
function fieldsOf(schema: z.core.$ZodType, field: string, seen: Set<z.core.$ZodType>): Fields {
  if (seen.has(schema)) return NONE;
  seen.add(schema);
  const { def } = (schema as z.core.$ZodTypes)._zod;
  const of = (...inner: readonly z.core.$ZodType[]): Fields => {
    const found = inner.map((part) => fieldsOf(part, field, seen));
    return { fields: found.flatMap(({ fields }) => fields), isOpen: found.some(({ isOpen }) => isOpen) };
  };
  switch (def.type) {
    case 'object': {
      const found = Object.hasOwn(def.shape, field) ? def.shape[field] : def.catchall;
      return found ? { fields: [found], isOpen: false } : NONE;
    }
    case 'record':
      return { fields: [def.valueType], isOpen: false };
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'nonoptional':
    case 'readonly':
    case 'catch':
      return of(def.innerType);
    case 'lazy':
      return of((schema as z.core.$ZodLazy)._zod.innerType);
    case 'pipe':
      return of(def.out);
    case 'union':
      return of(...def.options);
    case 'intersection':
      return of(def.left, def.right);
    case 'transform':
    case 'custom':
    case 'any':
    case 'unknown':
      return OPEN;
    default:
      return NONE;
  }
}

/** Tells if a field takes an empty text, and yields text; true also where its own code throws, or is asynchronous. */
function mayGrow(field: z.core.$ZodType): boolean {
  try {
    const result = (field as z.ZodType).safeParse('');
    return result.success && typeof result.data === 'string';
  } catch {
    return true;
  }
}
