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
export type { ConnectionOptions } from './connection/connection-options.ts';
export type { Connection, ConnectionState, ConnectionStatus } from './connection/connection-state.ts';
export type { ConnectionParams, RequestHeaders, Token } from './connection/credentials.ts';
export { probe } from './connection/probe.ts';
export type { WebSocketClass } from './connection/transports/socket.ts';
export type { Transport } from './connection/transports/transports.ts';
export { toHttpUrl } from './connection/url.ts';
export type { RetryOptions } from './failures/retry.ts';
export type { EventsPath, MountedCatalog, OnlyPath, PathOption, RouterWithEvents } from './mounted.ts';
export type {
  AnswerOptions,
  AskOptions,
  BeginOptions,
  JoinOptions,
  Membership,
  OpenOptions,
} from './open/open-types.ts';
export {
  type BrokerPublisherOptions,
  createPublisher,
  type Publisher,
  type PublisherOptions,
  type RemotePublisherOptions,
  type RouterPublisherOptions,
} from './publisher/publisher.ts';
export type { BatchOptions, ClientPublishOptions } from './publishing.ts';
export type { StreamStatus } from './reading/subscription.ts';
