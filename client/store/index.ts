export type { ConnectionState, ConnectionStatus } from '../connection/connection-state.ts';
export {
  type InvalidateOptions,
  invalidateOn,
  type StaleKey,
  type StaleKeys,
} from '../queries/invalidate-on.ts';
export type { CachedQuery, QueryClientLike, QueryKey } from '../queries/stale-queries.ts';
export type { StreamStatus } from '../reading/subscription.ts';
export { createEventStore } from './create-event-store.ts';
export type { EventsSnapshot, Gap, PlacedEvent, PresenceSnapshot } from './snapshot.ts';
export { type Source, select } from './source.ts';
export type {
  ConnectionSource,
  EventStore,
  EventStoreOptions,
  EventsOptions,
  EventsSource,
  OpenSourceOptions,
  PresenceOptions,
  QuestionsSource,
} from './store-types.ts';
