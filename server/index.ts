export type { AccessConfig } from './access/access-config.ts';
export {
  type AccessContext,
  type AccessContextOptions,
  createAccessContext,
} from './access/access-context.ts';
export {
  type AccessRequest,
  type Action,
  type Authorize,
  authorizeSession,
  type Grant,
} from './access/authorize.ts';
export { isLoopback } from './access/names/host-address.ts';
export { Session } from './access/sessions/session.ts';
export { Sessions, type SessionsOptions } from './access/sessions/sessions.ts';
export {
  type ApiKey,
  type Authenticate,
  anonymous,
  apiKeys,
  type Credentials,
  firstOf,
} from './access/tokens/authenticate.ts';
export { TOKEN_COOKIE } from './access/tokens/credentials.ts';
export { type JwtKey, type JwtOptions, jwt } from './access/tokens/jwt.ts';
export type { Claims, Subject } from './access/tokens/subject.ts';
export type { Application, ApplicationContext } from './app/application.ts';
export { loadConfig, SERVER_VARIABLES, type ServerConfig, type ServerOptions } from './app/config.ts';
export { type NearMiss, nearMisses } from './app/near-misses.ts';
export type { ServerParts } from './app/server-parts.ts';
export { type EventServer, type RunningServer, startServer } from './app/start-server.ts';
export { applyBroadcastWSSHandler, type BroadcastWSSHandler } from './broadcaster/apply-handler.ts';
export { Broadcaster, type BroadcasterOptions } from './broadcaster/broadcaster.ts';
export { COMPRESSION, WEBSOCKET_LIMITS } from './broadcaster/core/limits.ts';
export type {
  BroadcastOptions,
  BroadcastWSSHandlerOptions,
  ClientConnection,
} from './broadcaster/core/options.ts';
export type { AskOptions, ConnectionInfo, DrainOptions, Traffic } from './broadcaster/socket/connections.ts';
export type { UpgradeRefusal } from './broadcaster/upgrade/decision.ts';
export type {
  Bounds,
  Broker,
  Gap,
  KeptSchema,
  LogRecord,
  ReadResult,
  Tail,
  TailSink,
} from './broker/broker.ts';
export { MemoryBroker, type MemoryBrokerOptions } from './broker/memory-broker.ts';
export { RedisBroker, type RedisBrokerOptions } from './broker/redis/redis-broker.ts';
export type { RedisSource } from './broker/redis/servers/open-topology.ts';
export type { Cuts, Types } from './broker/retention/cuts.ts';
export type { Retention } from './broker/retention/retention.ts';
export type { TypeRetention } from './broker/retention/type-rules.ts';
export { SqliteBroker } from './broker/sqlite/sqlite-broker.ts';
export type { SqliteBrokerOptions } from './broker/sqlite/sqlite-options.ts';
export { EventManager } from './event-manager/event-manager.ts';
export type {
  EventManagerOptions,
  ListenerOptions,
  ReadFor,
  SubscribeOptions,
} from './event-manager/event-manager-options.ts';
export { EventSubscription } from './event-manager/feeds/event-subscription.ts';
export type { TopicGate } from './event-manager/feeds/subscription-factory.ts';
export type { ListenerHandler } from './event-manager/listeners.ts';
export type { AnswerOptions, HoldOptions, QuestionOptions } from './event-manager/open/manager-open.ts';
export type { BeginOptions, OpenVerbs, OwnedEvent } from './event-manager/open/open-verbs.ts';
export type { CopiedSettlement } from './event-manager/publish/copied.ts';
export type { Accepted, AcceptedHandler } from './event-manager/publish/handlers.ts';
export {
  broadcastAgentMessage,
  broadcastNetworkUpdate,
  broadcastSystemStatus,
  type ManagerPublishResult,
  type PublishBatchOptions,
  type PublisherOf,
  type PublishOptions,
} from './event-manager/publish/publisher.ts';
export type { NewerVersion } from './event-manager/records/newer-versions.ts';
export { schemasOf } from './event-manager/records/schema-comparison.ts';
export type { Selection } from './event-manager/records/selector.ts';
export type { DeliveredItem } from './event-manager/records/stream-record.ts';
export type { EventStats } from './event-manager/stats/event-stats.ts';
export { type ClientAddress, clientAddress } from './limits/client-address.ts';
export type { LimitsConfig } from './limits/limits-config.ts';
export type { WholeLog } from './log-check/brokers-log.ts';
export { type CheckedVersion, checkLog, type LogCheck, openWholeLog } from './log-check/check-log.ts';
export type { MetricsSources } from './metrics/gauges.ts';
export { Metrics } from './metrics/metrics.ts';
export type { MetricsConfig } from './metrics/metrics-config.ts';
export type { AgentFigures, AgentsById } from './performance-monitor/agent-figures.ts';
export {
  health,
  type IntegratePerformanceMonitorOptions,
  integratePerformanceMonitor,
  type StatusPublisher,
} from './performance-monitor/integrate.ts';
export {
  type PerformanceMetrics,
  PerformanceMonitor,
  type PerformanceMonitorOptions,
} from './performance-monitor/performance-monitor.ts';
export type { PerformanceReaders } from './performance-monitor/readers.ts';
export type { BaseProcedure } from './router/admitting.ts';
export { type AppRouter, type AppRouterOptions, createAppRouter } from './router/app-router.ts';
export {
  type BatchInput,
  type EraseProcedure,
  type EventProcedures,
  type EventProceduresOptions,
  eventProcedures,
  type HistoryProcedure,
  type PublishInput,
  type PublishProcedures,
  type ReplayProcedure,
  type SubscribeInput,
  type SubscribeProcedures,
} from './router/event-procedures.ts';
export type {
  AnswerCall,
  AnswerProcedures,
  BeginInput,
  BeginProcedures,
  OpenInput,
  OpenProcedures,
  OwnedInput,
} from './router/open-procedures.ts';
export type { FollowOptions } from './runs/following.ts';
export type { RunStatus } from './runs/run-search.ts';
export type { RunContext, RunWork } from './runs/run-work.ts';
export { type Run, Runs, type RunsOptions, runs, type StartOptions } from './runs/runs.ts';
export type { RunsCatalog } from './runs/runs-catalog.ts';
export { type AsyncApiOptions, toAsyncApi } from './schema/asyncapi.ts';
export { type JsonSchema, toJsonSchema } from './schema/events-schema.ts';
export { JsonLogger, type Logger, type LogLevel } from './telemetry/logger.ts';
export { openTelemetry } from './telemetry/open-telemetry.ts';
export type { Instruments, Traced, Tracing } from './telemetry/telemetry.ts';
export { asTRPCError, type ErrorDetails, type EventsErrorShape, errorFormatter } from './trpc/errors.ts';
export { type TrackedItems, trackedItems } from './trpc/tracked-items.ts';
