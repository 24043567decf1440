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

/** The traits of a schema. zod itself visits its parts: those of its input and those of its output. */
export function traitsOf(schema: z.ZodType): SchemaTraits {
  const kinds = new Set<string>();
  const options: Parameters<typeof z.toJSONSchema>[1] = {
    unrepresentable: 'any',
    override: ({ zodSchema }) => {
      kinds.add(zodSchema._zod.def.type);
    },
  };
  try {
    z.toJSONSchema(schema, { ...options, io: 'input' });
    z.toJSONSchema(schema, { ...options, io: 'output' });
  } catch {
    return { isRepeatable: false, fillsIn: false };
  }
  const has = (some: readonly string[]) => some.some((kind) => kinds.has(kind));
  return { isRepeatable: !has(TRANSFORMING), fillsIn: has(FILLING) };
}
