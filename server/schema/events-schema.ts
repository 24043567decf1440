import * as z from 'zod';
import type { AnyCatalog } from '../../shared/catalog.ts';
import { type JsonSchema, ON_THE_WIRE } from '../../shared/data/fingerprint.ts';
import { timestampSchema } from '../../shared/events.ts';

export type { JsonSchema };

/** The id of the subject that published an event. */
const publisher = z.string();
const PUBLISHER = {
  minLength: 1,
  maxLength: 128,
  description: 'Who published it, as the server knows it: for receivers, no publisher says it.',
};

/**
 * Schemas of a catalog's events in their envelopes, by name, and the schemas that they refer to. They describe data that a
 * publisher may send, not the defaults and transforms that a schema applies to it.
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
    const by = publisher.optional();
    const envelope = z.strictObject({ event_type, timestamp: timestampSchema, data, by, traceparent });
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
      if (zodSchema === publisher) Object.assign(jsonSchema, PUBLISHER);
    },
  });
  const defined = document[target === 'draft-7' ? 'definitions' : '$defs'] as Record<string, JsonSchema>;
  return Object.fromEntries(Object.entries(defined).map(([name, { id: _, ...schema }]) => [name, schema]));
}

/**
 * The events of a catalog as one JSON Schema (2020-12): any of them is valid, and each has its schema in `$defs`, by name.
 *
 * @example writeFileSync('events.schema.json', JSON.stringify(toJsonSchema(catalog)));
 */
export function toJsonSchema(catalog: AnyCatalog): JsonSchema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Events',
    description: 'Any event of the catalog, in its envelope.',
    oneOf: catalog.names.map((name) => ({ $ref: `#/$defs/${name}` })),
    $defs: eventsSchema(catalog, 'draft-2020-12'),
  };
}
