import * as z from 'zod';
import { outputSideOf } from './output-side.ts';

/** A JSON Schema, or a part of one. */
export type JsonSchema = { readonly [key: string]: unknown };

/** Forms of values that JSON lacks, as superjson writes them; its annotations are in `meta`. */
const ON_THE_WIRE: Readonly<Record<string, JsonSchema>> = {
  date: { type: 'string', format: 'date-time', 'x-superjson': 'Date' },
  bigint: { type: 'string', pattern: '^-?[0-9]+$', 'x-superjson': 'bigint' },
  map: { type: 'array', 'x-superjson': 'map' },
  set: { type: 'array', 'x-superjson': 'set' },
};

/** A schema as JSON Schema: what it takes, and what it yields. */
export interface Described {
  readonly input: JsonSchema;
  readonly output: JsonSchema;
  /** Short text that is equal for equal schemas. Code (refine, transform) is not in it, nor are descriptions and defaults. */
  readonly fingerprint: string;
}

const known = new WeakMap<z.ZodType, Described>();

/** Describes the data of an event, in the same words whoever wrote the schema and in whatever order. */
export function describe(schema: z.ZodType): Described {
  let described = known.get(schema);
  if (described === undefined) {
    const [input, output] = [sideOf(schema, 'input'), sideOf(schema, 'output')];
    described = { input, output, fingerprint: fingerprintOf(input, output) };
    known.set(schema, described);
  }
  return described;
}

/** Short text that is equal for equal descriptions. */
export function fingerprintOf(input: JsonSchema, output: JsonSchema): string {
  return hashOf(JSON.stringify([input, output]));
}

/** The fingerprint that goes with data which its schema cannot judge later; undefined where it can. */
export function markOf(schema: z.ZodType): string | undefined {
  return outputSideOf(schema).isWhole ? undefined : describe(schema).fingerprint;
}

/** Says in a JSON Schema what JSON Schema has no words for: kinds of values that JSON lacks, and what is in them. */
export function describeKind(
  { _zod: { def } }: z.core.$ZodTypes,
  jsonSchema: z.core.JSONSchema.BaseSchema,
  io: 'input' | 'output',
): void {
  if (Object.keys(jsonSchema).length === 0 && def.type !== 'unknown' && def.type !== 'any')
    Object.assign(jsonSchema, { 'x-kind': def.type });
  Object.assign(jsonSchema, ON_THE_WIRE[def.type]);
  if (def.type === 'map') Object.assign(jsonSchema, { 'x-keys': sideOf(def.keyType, io) });
  if (def.type === 'map' || def.type === 'set')
    Object.assign(jsonSchema, { 'x-values': sideOf(def.valueType, io) });
}

function sideOf(schema: z.core.$ZodType, io: 'input' | 'output'): JsonSchema {
  const { $schema: _, ...document } = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    metadata: z.registry(),
    override: ({ zodSchema, jsonSchema }) => {
      describeKind(zodSchema, jsonSchema, io);
      // Code may make it anew for each event, a time or an id: the schema is the same nevertheless.
      delete jsonSchema.default;
    },
  });
  return sorted(document) as JsonSchema;
}

/** Lists whose order says nothing. */
const UNORDERED = ['required', 'enum'];

/** JSON with its fields in one order. */
function sorted(json: unknown, key = ''): unknown {
  if (Array.isArray(json)) {
    const items = json.map((item) => sorted(item));
    return UNORDERED.includes(key) ? items.sort(byText) : items;
  }
  if (typeof json !== 'object' || json === null) return json;
  const fields = Object.entries(json).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(fields.map(([name, value]) => [name, sorted(value, name)]));
}

function byText(a: unknown, b: unknown): number {
  return JSON.stringify(a) < JSON.stringify(b) ? -1 : 1;
}

/** A hash of 64 bits, cyrb53 with both halves whole: nobody gains by two schemas that have the same. */
function hashOf(text: string): string {
  let [low, high] = [0xdeadbeef, 0x41c6ce57];
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    low = Math.imul(low ^ code, 2654435761);
    high = Math.imul(high ^ code, 1597334677);
  }
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  return [high, low].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('');
}
