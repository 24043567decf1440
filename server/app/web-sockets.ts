import type { IncomingMessage, Server } from 'node:http';
import type { AnyTRPCRouter } from '@trpc/server';
import { INPUT_LIMITS, MAX_INPUT_BYTES } from '../../shared/wire/limits.ts';
import type { createAccessContext } from '../access/access-context.ts';
import { isAllowedOrigin, ORIGIN_REFUSAL } from '../access/names/origins.ts';
import type { RefusedNames } from '../access/names/refused-names.ts';
import { HOST_REFUSAL } from '../access/names/served-hosts.ts';
import { Broadcaster } from '../broadcaster/broadcaster.ts';
import { SILENT_GRACE_MS } from '../broadcaster/socket/socket-life.ts';
import type { PendingAnswers } from '../broadcaster/upgrade/answers.ts';
import type { ClientLimits } from '../limits/limits.ts';
import { HANDSHAKE_SPARE_MS } from '../limits/limits-config.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Instruments } from '../telemetry/telemetry.ts';
import { logFailure } from './http/answer-errors.ts';

/** Ms of silence after which a client is asked whether it is there: proxies drop what is idle for a minute. */
const PING_MS = 25_000;
/** Bytes of one call over a WebSocket. */
const MAX_CALL_BYTES = 64 * 1024;

export interface WebSocketsOptions {
  router: AnyTRPCRouter;
  /** Tells if a call of a path may have all bytes of a message. */
  mayBeLarge: (path: string) => boolean;
  /** The only path that is upgraded. */
  path: string;
  /** Lets connections in. */
  createContext: ReturnType<typeof createAccessContext>;
  /** Tells if a request names a host that is served. */
  isServedHost: (request: IncomingMessage) => boolean;
  allowedOrigins: readonly string[];
  /** Is told of requests that are refused for a host or an origin. */
  refusedNames: RefusedNames;
  /** The answers of the server that are not given yet. */
  pending: PendingAnswers;
  /** True if events go compressed to clients that take it. */
  compression: boolean;
  limits: ClientLimits;
  /** Ms after which a client that announced a first message and sent none is gone. */
  handshakeTimeoutMs: number;
  logger: Logger;
  instruments: Instruments;
}

/** Serves a router over WebSockets on a server of `startServer`, within its limits, for its hosts and origins. */
export function attachWebSockets(server: Server, options: WebSocketsOptions): Broadcaster<AnyTRPCRouter> {
  const { router, path, createContext, compression, limits, logger, instruments } = options;
  return new Broadcaster<AnyTRPCRouter>(
    {
      server,
      router,
      path,
      createContext,
      compression,
      logger,
      instruments,
      pongAfterContext: true,
      maxMessageBytes: MAX_INPUT_BYTES, // clients put what they are asked in one turn into one message
      maxCallBytes: MAX_CALL_BYTES,
      mayBeLarge: options.mayBeLarge,
      maxMessageValues: INPUT_LIMITS.maxNodes,
      firstMessageTimeoutMs: options.handshakeTimeoutMs - SILENT_GRACE_MS - HANDSHAKE_SPARE_MS, // to be gone by then
      keepAlive: { enabled: true, pingMs: PING_MS },
      onUpgrade(request) {
        if (!options.isServedHost(request)) {
          options.refusedNames.host(request);
          return { status: 403, code: 'HOST', message: HOST_REFUSAL };
        }
        if (!isAllowedOrigin(request, options.allowedOrigins)) {
          options.refusedNames.origin(request);
          return { status: 403, code: 'ORIGIN', message: ORIGIN_REFUSAL };
        }
        const release = limits.connections.admit(limits.addressOf(request));
        return release ?? { status: 429, code: 'TOO_MANY_CONNECTIONS' };
      },
      onError: ({ connection, ...failure }) =>
        logFailure({ logger, instruments }, { ...failure, from: { connection: connection.id } }),
    },
    { pending: options.pending, isAlone: true },
  );
}
