import { createPsycheEvents } from './create-psyche-events.ts';

export type { ConnectionState, ConnectionStatus } from '../connection/connection-state.ts';
export type { EventsPath, MountedCatalog } from '../mounted.ts';
export type { StreamStatus } from '../reading/subscription.ts';
export type { EventsSnapshot, Gap, PlacedEvent } from '../store/snapshot.ts';
export { createPsycheEvents } from './create-psyche-events.ts';
export type {
  EventsProviderProps,
  FollowOptions,
  OpenHooks,
  PsycheEvents,
  UseEventOptions,
  UseEventsOptions,
  UseEventsResult,
  UseOpenOptions,
  UsePresenceOptions,
  UsePresenceResult,
  UsePublishResult,
  UseQuestionsResult,
} from './types.ts';

/** The provider and the hooks of the Psyche Simulation's events; for another catalog, make your own with {@link createPsycheEvents}. */
export const {
  EventsProvider,
  useConnection,
  useEvents,
  useLatest,
  useEvent,
  usePublish,
  useOpen,
  useQuestions,
  usePresence,
  useEventSelector,
  useEventsClient,
} = createPsycheEvents();
