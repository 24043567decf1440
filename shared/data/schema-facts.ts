import * as z from 'zod';
import type { Kind } from '../wire/format.ts';
import { ALL_KINDS, SCALARS } from '../wire/limits.ts';

/** Kinds of schema that say what they hold, beside what their parts do. Of all others anything may be held. */
const HOLDS: Readonly<Partial<Record<z.core.$ZodTypeDef['type'], readonly Kind[]>>> = {
  string: [],
  number: [],
  boolean: [],
  bigint: [],
  date: [],
  undefined: [],
  void: [],
  null: [],
  never: [],
  nan: [],
  enum: [],
  literal: [],
  template_literal: [],
  file: [],
  function: [],
  optional: [],
  nullable: [],
  default: [],
  prefault: [],
  nonoptional: [],
  readonly: [],
  catch: [],
  success: [],
  promise: [],
  lazy: [],
  pipe: [],
  object: [],
  record: [],
  array: [],
  tuple: [],
  union: [],
  intersection: [],
  symbol: ['symbol'],
  map: ['map'],
  set: ['set'],
};

const known = new WeakMap<z.core.$ZodType, ReadonlySet<Kind>>();

/**
 * The kinds of annotated value that a schema can hold, anywhere in it; all where it leaves open what it takes. What it
 * cannot hold need not be built to know that it is wrong.
 */
export function kindsOf(schema: z.core.$ZodType): ReadonlySet<Kind> {
  let kinds = known.get(schema);
  if (kinds === undefined) {
    kinds = collect(schema);
    known.set(schema, kinds);
  }
  return kinds;
}

function collect(schema: z.core.$ZodType): ReadonlySet<Kind> {
  const kinds = new Set(SCALARS);
  for (const { _zod } of partsOf(schema, 'input')) {
    const { def } = _zod;
    const held = HOLDS[def.type];
    // A coercing type (`z.coerce.string()`) is made of any input before it is checked, so anything may come.
    if (held === undefined || ('coerce' in def && def.coerce)) return ALL_KINDS;
    for (const kind of held) kinds.add(kind);
  }
  return kinds;
}

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
