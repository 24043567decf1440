export type { ConnectionState, ConnectionStatus } from '../connection/connection-state.ts';
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
