import type { AnyCatalog } from '../../shared/catalog.ts';
import { eventsSchema, type JsonSchema } from './events-schema.ts';

/**
 * The events of a catalog as one JSON Schema (2020-12): any of them is valid, and each is below `$defs` by its name.
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
