import * as z from 'zod';
import type { AnyCatalog } from '../../shared/catalog.ts';
import { type JsonSchema as Described, describeKind } from '../../shared/data/fingerprint.ts';
import { timestampSchema } from '../../shared/events.ts';
import { describeEvent, kindWords } from '../../shared/open/describe-event.ts';
import type { OpenFacts } from '../../shared/open/kinds.ts';
import { requireCatalog } from '../../shared/options/require-catalog.ts';
import { openFields } from './open-envelope.ts';

/** A JSON Schema, or a part of one. */
export type JsonSchema = Described;

/** The id of the subject that published an event. */
const publisher = z.string();
const PUBLISHER = {
  minLength: 1,
  maxLength: 128,
  description: 'Who published it, as the server knows it: for receivers, no publisher says it.',
};

/**
 * Schemas of a catalog's events in their envelopes, by name, and the schemas that they refer to. They describe data that a
 * publisher may send, not the defaults and transforms that a schema applies to it. `x-version` and `x-fingerprints` tell
 * an event's version, and one schema of a version from another. The data of an event of an open kind has that as `x-kind`.
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
    const facts = catalog.opens[name];
    const open = facts && openFields(facts);
    const envelope = z.strictObject({
      event_type,
      timestamp: timestampSchema,
      data,
      by,
      traceparent,
      ...open,
    });
    names.add(envelope, { id: name });
    return envelope;
  });
  const document: JsonSchema = z.toJSONSchema(z.tuple([envelopes[0] ?? z.never(), ...envelopes.slice(1)]), {
    target,
    io: 'input',
    unrepresentable: 'any',
    metadata: names,
    override: ({ zodSchema, jsonSchema }) => {
      describeKind(zodSchema, jsonSchema, 'input');
      if (zodSchema === timestampSchema) delete jsonSchema.pattern;
      if (zodSchema === publisher) Object.assign(jsonSchema, PUBLISHER);
    },
  });
  const defined = document[target === 'draft-7' ? 'definitions' : '$defs'] as Record<string, JsonSchema>;
  return Object.fromEntries(
    Object.entries(defined).map(([name, { id: _, ...schema }]) => [
      name,
      { ...withKind(schema, catalog.opens[name]), ...versionsOf(catalog, name) },
    ]),
  );
}

/** The schema of an envelope, whose data has its kind. */
function withKind(schema: JsonSchema, facts: OpenFacts | undefined): JsonSchema {
  if (!facts) return schema;
  const properties = schema['properties'] as Record<string, JsonSchema>;
  const data = { ...properties['data'], ...kindWords(facts, 'input') };
  return { ...schema, properties: { ...properties, data } };
}

/** The version of an event, and the fingerprints of all its versions from the first on; nothing for what is no event. */
function versionsOf(catalog: AnyCatalog, name: string): JsonSchema {
  if (!catalog.has(name)) return {};
  const version = catalog.versionOf(name);
  const fingerprints = Array.from(
    { length: version },
    (_, index) => describeEvent(catalog, name, index + 1)?.fingerprint ?? null,
  );
  return { 'x-version': version, 'x-fingerprints': fingerprints };
}

/**
 * The events of a catalog as one JSON Schema (2020-12): any of them is valid, and each has its schema in `$defs`, by name.
 *
 * @example writeFileSync('events.schema.json', JSON.stringify(toJsonSchema(catalog)));
 */
export function toJsonSchema(catalog: AnyCatalog): JsonSchema {
  requireCatalog('toJsonSchema', catalog ?? null);
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Events',
    description: 'Any event of the catalog, in its envelope.',
    oneOf: catalog.names.map((name) => ({ $ref: `#/$defs/${name}` })),
    $defs: eventsSchema(catalog, 'draft-2020-12'),
  };
}
