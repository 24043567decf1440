import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { type AnyTRPCRouter, TRPCError } from '@trpc/server';
import { type FastifyBaseLogger, type FastifyInstance, fastify, LogController } from 'fastify';
import type { AnyCatalog } from '../../shared/catalog.ts';
import { EventsError } from '../../shared/errors.ts';
import type { createAccessContext } from '../access/access-context.ts';
import { DRAIN_TIMEOUT_MS } from '../broadcaster/limits.ts';
import { StallGuard } from '../broadcaster/stall-guard.ts';
import type { PendingAnswers } from '../broadcaster/upgrade/pending-answers.ts';
import type { Instruments } from '../instruments.ts';
import type { Limits } from '../limits/limits.ts';
import { HANDSHAKE_SPARE_MS } from '../limits/limits-config.ts';
import type { Logger } from '../logger.ts';
import { allowOrigins } from './allow-origins.ts';
import { answerErrors, refuseAddress } from './http/answer-errors.ts';
import { MAX_BODY_BYTES, readUnwantedBodies } from './http/body.ts';
import { requestsOfFewPieces } from './http/body-pieces.ts';
import { checkHost } from './http/check-host.ts';
import { clientErrors, refuseTunnels, TOO_MANY_PIECES } from './http/client-error.ts';
import { serveCalls } from './http/serve-calls.ts';
import { limitConnections, limitSockets } from './limit-connections.ts';
import { logFailure } from './log-failure.ts';
import { observeHttp } from './observe-http.ts';
import { answerOldHttp } from './old-http.ts';
import type { OpenRequests } from './open-requests.ts';
import { servePage } from './page.ts';
import { answerInTurn } from './pipelining.ts';
import type { Readiness } from './readiness.ts';
import { addSecurityHeaders } from './security-headers.ts';
import { serveSchemas } from './serve-schemas.ts';
import { cutUnreadAnswers } from './unread-answers.ts';

/** The longest URL path that Node itself lets through: a batch of tRPC calls names all its procedures in the path. */
const MAX_PATH = 16 * 1024;
/** How often connections are looked at, in ms: how late one that is silent can be cut. */
const LOOK_MS = 250;
/** Methods of calls. */
const METHODS = ['GET', 'HEAD', 'POST'];
/** Calls in one request. */
const MAX_BATCH_CALLS = 100;
/** Ms for a whole request. */
const REQUEST_MS = 30_000;

export interface HttpAppOptions {
  router: AnyTRPCRouter;
  /** Where the router is served. */
  path: string;
  /** Described at `/schema.json` and `/asyncapi.json`, with the prefix of keys in Redis. */
  catalog: AnyCatalog;
  redisPrefix: string;
  /** Lets requests in. */
  createContext: ReturnType<typeof createAccessContext>;
  readiness: Readiness;
  /** Is told of them all. */
  requests: OpenRequests;
  pending: PendingAnswers;
  /** Whether a request names a host that is served. */
  isServedHost: (request: IncomingMessage) => boolean;
  allowedOrigins: readonly string[];
  limits: Limits;
  /** Ms for the head of a request, from the connection on. */
  handshakeTimeoutMs: number;
  /** Ms for which a client may take nothing of its answers [D9]. Default 30 000. */
  drainTimeoutMs?: number | undefined;
  instruments: Instruments;
  /** Directory of the page. Default: where the build puts it. */
  pageDir?: string | undefined;
  logger: Logger;
  /** For fastify itself. */
  pinoLogger: FastifyBaseLogger;
}

/** Writes no line of fastify's about a request: they carry its query, and with it tokens, and are as many as requests. */
class QuietLog extends LogController {
  override serviceUnavailable(): void {} // said of each request while the server stops
}

/** Health, page and tRPC over HTTP; not listening yet. */
export async function createHttpApp(options: HttpAppOptions): Promise<FastifyInstance> {
  const { router, path, createContext, readiness, requests, allowedOrigins, limits, pageDir, logger } =
    options;
  const { instruments, catalog, redisPrefix } = options;
  const refuseUnreadable = clientErrors(options.pending);
  const app = fastify({
    loggerInstance: options.pinoLogger,
    logController: new QuietLog({ disableRequestLogging: true }),
    genReqId: () => randomUUID(),
    requestTimeout: REQUEST_MS,
    bodyLimit: MAX_BODY_BYTES,
    http: {
      headersTimeout: options.handshakeTimeoutMs - LOOK_MS - HANDSHAKE_SPARE_MS,
      requestTimeout: REQUEST_MS,
      connectionsCheckingInterval: LOOK_MS,
      IncomingMessage: requestsOfFewPieces((socket) => {
        instruments.refused('TOO_LARGE');
        refuseUnreadable({ code: TOO_MANY_PIECES }, socket);
      }),
    },
    routerOptions: { maxParamLength: MAX_PATH },
    clientErrorHandler: refuseUnreadable,
    frameworkErrors: refuseAddress,
  });
  answerInTurn(app.server, () => instruments.refused('TOO_MANY_REQUESTS'));
  answerOldHttp(app);
  options.pending.watch(app.server);
  refuseTunnels(app.server, options.pending);
  addSecurityHeaders(app);
  observeHttp(app, logger, instruments);
  answerErrors(app, { router, path, logger });
  readUnwantedBodies(app);
  checkHost(app, options.isServedHost, () => instruments.refused('HOST'));
  limitSockets(app.server, limits, () => instruments.refused('TOO_MANY_CONNECTIONS'));
  const guard = new StallGuard(options.drainTimeoutMs ?? DRAIN_TIMEOUT_MS);
  cutUnreadAnswers(app.server, guard, () => instruments.refused('SLOW_CONSUMER'));

  // Whoever keeps a connection is to make the next one elsewhere.
  app.addHook('onSend', async (_request, reply) => {
    if (readiness.isClosed) reply.header('connection', 'close');
  });
  requests.watch(app);

  app.get('/healthz', () => ({ status: 'ok' }));
  app.get('/readyz', async (_request, reply) => {
    if (await readiness.check()) return { status: 'ready' };
    const problem = readiness.isClosed
      ? { status: 'stopping', message: 'The server stops: connect elsewhere' }
      : { status: 'unavailable', message: 'The broker does not deliver' };
    return reply.code(503).send(problem);
  });

  await app.register(async (scope) => {
    allowOrigins(scope, allowedOrigins, () => instruments.refused('ORIGIN'));
    limitConnections(scope, limits, () => instruments.refused('TOO_MANY_CONNECTIONS'));
    scope.addHook('onRequest', async ({ method }) => {
      if (METHODS.includes(method)) return;
      // Some of them tRPC's adapter cannot even read.
      throw new TRPCError({ code: 'METHOD_NOT_SUPPORTED', message: `Use GET or POST, not ${method}` });
    });
    serveCalls(scope, path, {
      router,
      createContext,
      maxBodySize: MAX_BODY_BYTES, // of what fastify leaves to tRPC: forms
      maxBatchSize: MAX_BATCH_CALLS,
      onError: (failure) => logFailure({ logger, instruments }, failure),
      responseMeta: ({ errors }) => ({ headers: retryAfter(errors) }),
    });
  });
  serveSchemas(app, catalog, redisPrefix);
  await servePage(app, pageDir);
  return app;
}

/** Tells in a header too when trying again can help. */
function retryAfter(errors: readonly TRPCError[]): Headers {
  const headers = new Headers();
  const waits = errors.flatMap(({ cause }) =>
    cause instanceof EventsError ? (cause.retryAfterMs ?? []) : [],
  );
  if (waits.length > 0) headers.set('retry-after', `${Math.ceil(Math.max(...waits) / 1000)}`);
  return headers;
}
