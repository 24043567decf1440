import { z } from 'zod';

/** How a schema treats data that it has parsed before. */
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
  const seen = new Set<object>();
  const waiting: unknown[] = [schema];
  while (waiting.length > 0) {
    const part = waiting.pop();
    if (!isSchema(part) || seen.has(part)) continue;
    seen.add(part);
    const { def } = part._zod;
    kinds.add(def.type);
    waiting.push(...partsOf(def));
  }
  const has = (some: readonly string[]) => some.some((kind) => kinds.has(kind));
  return { isRepeatable: !has(TRANSFORMING), fillsIn: has(FILLING) };
}

/** What a definition holds: schemas, and lists and shapes of schemas; other values among them are no schemas. */
function* partsOf(def: object): Generator<unknown> {
  for (const [name, value] of Object.entries(def)) {
    if (name === 'getter' && typeof value === 'function')
      yield value(); // of a lazy schema
    else if (name === 'shape') yield* Object.values(value);
    else if (Array.isArray(value)) yield* value;
    else yield value;
  }
}

function isSchema(value: unknown): value is z.core.$ZodType {
  return value instanceof z.core.$ZodType;
}
