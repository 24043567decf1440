import type { Gap, PlacedEvent } from '../client/react/index.ts';
import { createPsycheEvents } from '../client/react/index.ts';
import type { EventName } from '../shared/index.ts';
import type { SimulationCatalog } from '../simulation/index.ts';

/** The hooks, typed by the events that this page knows. Others are shown too, as they are. */
export const { EventsProvider, useConnection, useEvents, useEventSelector, usePublish, useEventsClient } =
  createPsycheEvents<SimulationCatalog>();

export type PageEventName = EventName<SimulationCatalog>;
export type PageEvent<N extends PageEventName = PageEventName> = PlacedEvent<N, SimulationCatalog>;
export type { Gap };
