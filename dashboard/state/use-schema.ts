import { useSyncExternalStore } from 'react';
import type { PageEventName } from '../events.ts';
import { type EventSchema, readSchema } from '../model/schema.ts';

/** Ms after which a server that could not tell its events is asked again; each time twice as long, up to the most. */
const FIRST_AGAIN_MS = 1000;
const MOST_AGAIN_MS = 60_000;

let schema: EventSchema | null | undefined;
let isAsked = false;
const listeners = new Set<() => void>();

/** Asks below the path that the page is served at, until there is an answer. */
async function ask(againMs = FIRST_AGAIN_MS): Promise<void> {
  try {
    const response = await fetch('schema.json');
    if (response.status >= 500 || response.status === 429) throw new Error(response.statusText);
    schema = response.ok ? readSchema(await response.json()) : null;
  } catch {
    schema = null;
    setTimeout(() => ask(Math.min(2 * againMs, MOST_AGAIN_MS)), againMs);
  }
  for (const listener of [...listeners]) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  if (!isAsked) void ask();
  isAsked = true;
  return () => listeners.delete(listener);
}

/** The server's events; undefined until it has told them, null where it does not, or not yet. */
export function useSchema(): EventSchema | null | undefined {
  return useSyncExternalStore(subscribe, () => schema);
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
