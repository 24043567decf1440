import type { AnyHandlerOptions } from './options.ts';

/** The names of a handler's options, tRPC's among them: one that is missing or too many does not compile. */
export const HANDLER_OPTIONS = {
  router: 1,
  createContext: 1,
  onError: 1,
  batching: 1,
  allowMethodOverride: 1,
  allowBatching: 1,
  maxBatchSize: 1,
  wss: 1,
  keepAlive: 1,
  dangerouslyDisablePong: 1,
  experimental_encoder: 1,
  prefix: 1,
  pongAfterContext: 1,
  live: 1,
  compressFrom: 1,
  firstMessageTimeoutMs: 1,
  maxSubscriptions: 1,
  maxSubscriptionChars: 1,
  maxConcurrentCalls: 1,
  maxCallBytes: 1,
  maxMessageValues: 1,
  maxBufferedBytes: 1,
  drainTimeoutMs: 1,
} as const satisfies Record<keyof AnyHandlerOptions, 1>;
