import { schemasOf } from '../../server/event-manager/records/schema-comparison.ts';
import type { JsonSchema, KeptSchema } from '../../server/index.ts';
import { type AnyCatalog, EventsError } from '../../shared/index.ts';

/** One version of an event, as far as it is known. */
export interface KnownVersion {
  /** Null where nobody tells it. */
  readonly fingerprint: string | null;
  /** Data that a publisher may send; null where nobody tells it. */
  readonly data: JsonSchema | null;
}

/** Events by name, each with its versions by number. */
export type KnownEvents = ReadonlyMap<string, ReadonlyMap<number, KnownVersion>>;

/** The newest version's number. */
export function newestOf(versions: ReadonlyMap<number, KnownVersion>): number {
  return Math.max(...versions.keys());
}

/** The events of a catalog. */
export function eventsOfCatalog(catalog: AnyCatalog): KnownEvents {
  return eventsOfSchemas(schemasOf(catalog));
}

/** The events whose schemas a log has kept: of each version the schema that came last. */
export function eventsOfSchemas(schemas: readonly KeptSchema[]): KnownEvents {
  const events = new Map<string, Map<number, KnownVersion>>();
  for (const { type, version, fingerprint, json } of schemas) {
    const versions = events.get(type) ?? new Map<number, KnownVersion>();
    events.set(type, versions.set(version, { fingerprint, data: inputOf(json) }));
  }
  return events;
}

/** The events that a server describes in its JSON Schema. @throws EventsError INVALID_OPTION if it is another document */
export function eventsOfDocument(document: unknown): KnownEvents {
  const definitions = fieldOf(document, '$defs');
  const events = new Map<string, Map<number, KnownVersion>>();
  for (const [name, definition] of Object.entries(definitions ?? {})) {
    const properties = fieldOf(definition, 'properties');
    if (!fieldOf(properties, 'event_type')) continue; // a part of others
    const data = fieldOf(properties, 'data') ?? null;
    const told = Reflect.get(Object(definition), 'x-fingerprints');
    // A server of before versions tells none: its events have the first one only.
    const fingerprints: unknown[] = Array.isArray(told) && told.length > 0 ? told : [null];
    const versions = fingerprints.map((fingerprint, index): [number, KnownVersion] => [
      index + 1,
      {
        fingerprint: typeof fingerprint === 'string' ? fingerprint : null,
        data: index + 1 === fingerprints.length ? data : null,
      },
    ]);
    events.set(name, new Map(versions));
  }
  if (events.size > 0) return events;
  throw new EventsError(
    'INVALID_OPTION',
    'The document describes no events: pass what a server has at schema.json, or what `schema` prints.',
  );
}

function inputOf(json: string): JsonSchema | null {
  try {
    return fieldOf(JSON.parse(json), 'input') ?? null;
  } catch {
    return null;
  }
}

function fieldOf(value: unknown, name: string): JsonSchema | undefined {
  const found: unknown = Reflect.get(Object(value), name);
  return typeof found === 'object' && found !== null ? (found as JsonSchema) : undefined;
}
