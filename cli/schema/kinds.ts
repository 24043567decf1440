import * as z from 'zod';
import type { OpenKind } from '../../shared/index.ts';

const kind = z.object({ 'x-kind': z.enum(['growing', 'question', 'presence', 'ephemeral']) });
const event = z.object({ properties: z.object({ event_type: z.object({}), data: z.unknown() }) });
const document = z.object({ $defs: z.record(z.string(), z.unknown()) });

/**
 * The kinds of a catalog's events by name, as its JSON Schema tells them; null for one that is complete when it is published.
 *
 * @param schema what a server has at `/schema.json`; in anything else there are no events
 */
export function kindsOf(schema: unknown): ReadonlyMap<string, OpenKind | null> {
  const kinds = new Map<string, OpenKind | null>();
  for (const [name, definition] of Object.entries(document.safeParse(schema).data?.$defs ?? {})) {
    const { data: found } = event.safeParse(definition);
    if (found) kinds.set(name, kind.safeParse(found.properties.data).data?.['x-kind'] ?? null);
  }
  return kinds;
}
