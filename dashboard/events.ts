import { createPsycheEvents, type Gap, type PlacedEvent } from '../client/react/index.ts';
import type { EventName } from '../shared/index.ts';
import type { SimulationCatalog } from '../simulation/index.ts';

/** The hooks, typed by the events that this page knows. Others are shown too, as they are. */
export const { EventsProvider, useConnection, useEvents, useEventSelector, usePublish, useEventsClient } =
  createPsycheEvents<SimulationCatalog>();

export type PageEventName = EventName<SimulationCatalog>;
export type PageEvent<N extends PageEventName = PageEventName> = PlacedEvent<N, SimulationCatalog>;
export type { Gap };

/** A number of a free record such as `metadata`, or null. */
export function numberAt(record: Readonly<Record<string, unknown>> | undefined, key: string): number | null {
  const value = record?.[key];
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

/** A text of a free record such as `metadata`, or null. */
export function textAt(record: Readonly<Record<string, unknown>> | undefined, key: string): string | null {
  const value = record?.[key];
  return typeof value === 'string' && value !== '' ? value : null;
}
