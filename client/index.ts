export { createClient } from './client.ts';
export type {
  ClientOptions,
  EventHandler,
  EventsClient,
  OnAnyOptions,
  OnOptions,
  RouterClientOptions,
  ServerStats,
  StreamOptions,
  SubscriptionHandle,
} from './client-types.ts';
export type { ConnectionOptions } from './connection.ts';
export type { Connection, ConnectionState, ConnectionStatus } from './connection-state.ts';
export type { ConnectionParams, RequestHeaders, Token } from './credentials.ts';
export type { EventsPath, MountedCatalog, OnlyPath, PathOption, RouterWithEvents } from './mounted.ts';
export { probe } from './probe.ts';
export {
  type BrokerPublisherOptions,
  createPublisher,
  type Publisher,
  type PublisherOptions,
  type RemotePublisherOptions,
  type RouterPublisherOptions,
} from './publisher.ts';
export type { BatchOptions, ClientPublishOptions } from './publishing.ts';
export type { RetryOptions } from './retry.ts';
export type { WebSocketClass } from './socket.ts';
export type { StreamStatus } from './subscription.ts';
export { toHttpUrl } from './url.ts';
