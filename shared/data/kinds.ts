import type { z } from 'zod';
import { ALL_KINDS, SCALARS } from '../wire/expectation.ts';
import type { Kind } from '../wire/format.ts';

const known = new WeakMap<z.core.$ZodType, ReadonlySet<Kind>>();

/**
 * The kinds of annotated value that a schema can hold, anywhere in it; all where it leaves open what it takes. What it
 * cannot hold need not be built to know that it is wrong.
 */
export function kindsOf(schema: z.core.$ZodType): ReadonlySet<Kind> {
  let kinds = known.get(schema);
  if (kinds === undefined) {
    const found = new Set(SCALARS);
    kinds = collect(schema, found, new Set()) ? found : ALL_KINDS;
    known.set(schema, kinds);
  }
  return kinds;
}

/** @returns false where a schema takes anything */
function collect(schema: z.core.$ZodType, kinds: Set<Kind>, seen: Set<z.core.$ZodType>): boolean {
  if (seen.has(schema)) return true;
  seen.add(schema);
  const { def } = (schema as z.core.$ZodTypes)._zod;
  // Checks before a type is made of whatever comes: `z.coerce.string()`.
  if ('coerce' in def && def.coerce) return false;
  const all = (...inner: readonly (z.core.$ZodType | null | undefined)[]) =>
    inner.every((each) => !each || collect(each, kinds, seen));
  switch (def.type) {
    case 'string':
    case 'number':
    case 'boolean':
    case 'bigint':
    case 'date':
    case 'undefined':
    case 'void':
    case 'null':
    case 'never':
    case 'nan':
    case 'enum':
    case 'literal':
    case 'template_literal':
    case 'file':
    case 'function':
      return true;
    case 'symbol':
      kinds.add('symbol');
      return true;
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'nonoptional':
    case 'readonly':
    case 'catch':
    case 'success':
    case 'promise':
      return all(def.innerType);
    case 'lazy':
      return all(def.getter());
    case 'pipe':
      return all(def.in);
    case 'object':
      return all(...Object.values(def.shape), def.catchall);
    case 'record':
      return all(def.keyType, def.valueType);
    case 'array':
      return all(def.element);
    case 'tuple':
      return all(...def.items, def.rest);
    case 'union':
      return all(...def.options);
    case 'intersection':
      return all(def.left, def.right);
    case 'map':
      kinds.add('map');
      return all(def.keyType, def.valueType);
    case 'set':
      kinds.add('set');
      return all(def.valueType);
    default:
      // any, unknown, custom, transform, and what zod does not have yet
      return false;
  }
}
