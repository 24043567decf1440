import type * as z from 'zod';
import { partsOf } from '../../../shared/data/schema-facts.ts';

/** A schema's treatment of data that it has parsed before. */
export interface SchemaTraits {
  /** A second parse accepts what the first one yielded: nothing in the schema transforms data. */
  readonly isRepeatable: boolean;
  /** A parse may add what the data lacks, or replace what is wrong: there is a default or a catch in the schema. */
  readonly fillsIn: boolean;
}

/** Kinds of schema whose output is not what they accept. */
const TRANSFORMING = ['pipe', 'transform'];
/** Kinds of schema that put a value of their own in place of another. */
const FILLING = ['default', 'prefault', 'catch'];

/** The traits of a schema and of all its parts. */
export function traitsOf(schema: z.ZodType): SchemaTraits {
  const kinds = new Set<string>();
  for (const { _zod } of partsOf(schema)) kinds.add(_zod.def.type);
  const has = (some: readonly string[]) => some.some((kind) => kinds.has(kind));
  return { isRepeatable: !has(TRANSFORMING), fillsIn: has(FILLING) };
}
