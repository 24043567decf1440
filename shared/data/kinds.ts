import type * as z from 'zod';
import { ALL_KINDS, SCALARS } from '../wire/expectation.ts';
import type { Kind } from '../wire/format.ts';
import { partsOf } from './schema-parts.ts';

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
