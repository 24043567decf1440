import { useEffect, useState } from 'react';
import type { PageEventName } from '../events.ts';
import { type EventSchema, readSchema } from '../model/schema.ts';

let asked: Promise<EventSchema | null> | undefined;

/** Asked for once, below the path that the page is served at. */
function fetchSchema(): Promise<EventSchema | null> {
  asked ??= fetch('schema.json')
    .then(async (response) => (response.ok ? readSchema(await response.json()) : null))
    .catch(() => null);
  return asked;
}

/** The server's events; undefined until it has told them, null where it does not. */
export function useSchema(): EventSchema | null | undefined {
  const [schema, setSchema] = useState<EventSchema | null>();
  useEffect(() => {
    void fetchSchema().then(setSchema);
  }, []);
  return schema;
}

/**
 * Tells of which events the page has panels on this server. Until the server has said what its events are, and where it
 * does not, they count as the simulation's.
 */
export function useDrawn(): (name: PageEventName) => boolean {
  const schema = useSchema();
  return (name) => schema?.drawn.has(name) ?? true;
}

/** Tells if the server's events are others than the simulation's: then there is no conversation, only events. */
export function useHasOwnEvents(): boolean {
  return !useDrawn()('agent_message');
}
