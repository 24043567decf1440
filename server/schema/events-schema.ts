import * as z from 'zod';
import type { AnyCatalog } from '../../shared/catalog.ts';
import { timestampSchema } from '../../shared/events.ts';

/** A JSON Schema, or a part of one. */
export type JsonSchema = { readonly [key: string]: unknown };

/** Superjson's forms of values that JSON does not have; the annotation goes into `meta` with them. */
const ON_THE_WIRE: Readonly<Record<string, JsonSchema>> = {
  date: { type: 'string', format: 'date-time', 'x-superjson': 'Date' },
  bigint: { type: 'string', pattern: '^-?[0-9]+$', 'x-superjson': 'bigint' },
  map: { type: 'array', 'x-superjson': 'map' },
  set: { type: 'array', 'x-superjson': 'set' },
};

/**
 * The schemas of a catalog's events in their envelopes, by name, and those that they refer to. They say what a
 * publisher may send; what a schema fills in or changes on the way is not in them.
 * @param target JSON Schema 2020-12 with references to `#/$defs/<name>`, or draft 7 with `#/definitions/<name>`
 */
export function eventsSchema(
  catalog: AnyCatalog,
  target: 'draft-2020-12' | 'draft-7',
): Record<string, JsonSchema> {
  const names = z.registry<{ id: string }>();
  const envelopes = Object.entries(catalog.schemas).map(([name, data]) => {
    const event_type = z.literal(name);
    const traceparent = z.string().optional();
    const envelope = z.strictObject({ event_type, timestamp: timestampSchema, data, traceparent });
    names.add(envelope, { id: name });
    return envelope;
  });
  const document: JsonSchema = z.toJSONSchema(z.tuple([envelopes[0] ?? z.never(), ...envelopes.slice(1)]), {
    target,
    io: 'input',
    unrepresentable: 'any',
    metadata: names,
    override: ({ zodSchema, jsonSchema }) => {
      Object.assign(jsonSchema, ON_THE_WIRE[zodSchema._zod.def.type]);
      if (zodSchema === timestampSchema) delete jsonSchema.pattern;
    },
  });
  const defined = document[target === 'draft-7' ? 'definitions' : '$defs'] as Record<string, JsonSchema>;
  return Object.fromEntries(Object.entries(defined).map(([name, { id: _, ...schema }]) => [name, schema]));
}
