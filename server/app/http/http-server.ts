import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { getRequestListener, RequestError } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { type AnyTRPCRouter, TRPCError } from '@trpc/server';
import { Hono } from 'hono';
import type { AnyCatalog } from '../../../shared/catalog.ts';
import type { createAccessContext } from '../../access/access-context.ts';
import type { RefusedNames } from '../../access/names/refused-names.ts';
import { DRAIN_TIMEOUT_MS } from '../../broadcaster/core/limits.ts';
import { type Cuttable, StallGuard } from '../../broadcaster/socket/stall-guard.ts';
import type { HeaderValues } from '../../broadcaster/sse/stream-outlet.ts';
import { addAnswerHeaders, type PendingAnswers } from '../../broadcaster/upgrade/answers.ts';
import type { ClientLimits } from '../../limits/limits.ts';
import { HANDSHAKE_SPARE_MS } from '../../limits/limits-config.ts';
import { toAsyncApi } from '../../schema/asyncapi.ts';
import { toJsonSchema } from '../../schema/events-schema.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Instruments } from '../../telemetry/telemetry.ts';
import { allowOrigins, checkHost, limitConnections, limitSockets, nameHealthCheck } from './admission.ts';
import { answerErrors, refuseAddress } from './answer-errors.ts';
import { endsConnection, everyAnswer, type HttpEnv, type HttpRoutes } from './every-answer.ts';
import { requestsOfFewPieces } from './node/body.ts';
import { clientErrors, refuseTunnels, TOO_MANY_PIECES } from './node/client-error.ts';
import { answerInTurn, type OpenRequests } from './node/requests.ts';
import { addSlash, servePage } from './page.ts';
import type { Readiness } from './readiness.ts';
import { serveCalls } from './serve-calls.ts';

/** Interval at which connections are looked at, in ms: a silent one is cut that late at most. */
const LOOK_MS = 250;
/** Ms for a whole request. */
const REQUEST_MS = 30_000;
/** Ms for which a connection may wait for its next request: longer than balancers keep theirs, or they would send into one that closes. */
const KEEP_ALIVE_MS = 72_000;

/** Answers of a server that is not ready. */
const STOPPING = { status: 'stopping', message: 'The server is stopping: connect elsewhere' };
const OUTDATED = {
  status: 'outdated',
  message: 'The log has an event of a newer version than this server knows: connect elsewhere',
};
const UNAVAILABLE = { status: 'unavailable', message: 'The broker does not deliver' };

export interface HttpServerOptions {
  router: AnyTRPCRouter;
  /** Path of the router. */
  path: string;
  /** Path that a proxy leaves before the others; @default none */
  basePath?: string | undefined;
  /** Described at `/schema.json` and `/asyncapi.json`, with the prefix of keys in Redis. */
  catalog: AnyCatalog;
  redisPrefix: string;
  /** Lets requests in. */
  createContext: ReturnType<typeof createAccessContext>;
  readiness: Readiness;
  /** Serves a POST to the path itself, of a client that no WebSocket gets through to. */
  serveStream: (request: IncomingMessage, response: ServerResponse, headers: HeaderValues) => boolean;
  /** Is told of them all. */
  requests: OpenRequests;
  pending: PendingAnswers;
  /** Tells if a request names a host that is served. */
  isServedHost: (request: IncomingMessage) => boolean;
  allowedOrigins: readonly string[];
  /** Is told of requests that are refused for a host or an origin. */
  refusedNames: RefusedNames;
  limits: ClientLimits;
  /** Ms for the head of a request, from the connection on. */
  handshakeTimeoutMs: number;
  /** Ms for which a client may take nothing of its answers [D9]. @default 30000 */
  drainTimeoutMs?: number | undefined;
  instruments: Instruments;
  /** Directory of the page. @default where the build puts it */
  pageDir?: string | undefined;
  logger: Logger;
}

/** Health, page and tRPC over HTTP; not listening yet. */
export function createHttpServer(options: HttpServerOptions): Server {
  const { pending, limits, logger, instruments } = options;
  const refuseUnreadable = clientErrors(pending);
  const listener = getRequestListener(createRoutes(options).fetch, {
    hostname: 'localhost', // of a request of HTTP/1.0, which may name none
    overrideGlobalObjects: false,
    autoCleanupIncoming: false, // everyAnswer reads what is left, and waits for it
    errorHandler(error) {
      if (error instanceof RequestError) return refuseAddress();
      logger.error({ err: error }, 'A request failed');
      return new Response(null, { status: 500 });
    },
  });
  const server = createServer(
    {
      headersTimeout: options.handshakeTimeoutMs - LOOK_MS - HANDSHAKE_SPARE_MS,
      requestTimeout: REQUEST_MS,
      connectionsCheckingInterval: LOOK_MS,
      requireHostHeader: false, // our own answer says so, in its turn and with the headers of every answer
      keepAliveTimeout: KEEP_ALIVE_MS,
      IncomingMessage: requestsOfFewPieces((socket) => {
        instruments.refused('TOO_LARGE');
        refuseUnreadable({ code: TOO_MANY_PIECES }, socket);
      }),
    },
    (request, response) => {
      addAnswerHeaders(response);
      nameHealthCheck(request);
      void listener(request, response);
    },
  );
  // An expectation that nobody knows is no demand: Node's own answer, 417, would come out of turn.
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  server.maxHeadersCount = 0; // of more than some Node drops the rest, an Origin perhaps; their bytes are limited
  answerInTurn(server, () => instruments.refused('TOO_MANY_REQUESTS'));
  pending.watch(server);
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const isLate = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
    instruments.refused(isLate ? 'HANDSHAKE_TIMEOUT' : 'BAD_REQUEST');
    refuseUnreadable(error, socket);
  });
  refuseTunnels(server, pending);
  limitSockets(server, limits, () => instruments.refused('TOO_MANY_CONNECTIONS'));
  const guard = new StallGuard(options.drainTimeoutMs ?? DRAIN_TIMEOUT_MS);
  cutUnreadAnswers(server, guard, () => instruments.refused('SLOW_CONSUMER'));
  return server;
}

/**
 * Hangs up on clients of an HTTP server that take nothing of their answers [D9]: streams and calls, large and small,
 * of a request or of one that went before on the same connection. Upgraded connections are not its own.
 * @param refused told of each
 */
function cutUnreadAnswers(server: Server, guard: StallGuard, refused: () => void): void {
  function unwatch(this: Socket): void {
    guard.unwatch(this);
  }
  const client: Cuttable = {
    cut(socket) {
      refused();
      // A reset, or the system would go on holding what it could not deliver.
      socket.resetAndDestroy();
    },
  };
  server.on('connection', (socket: Socket) => {
    socket.off('close', unwatch).once('close', unwatch); // once, of one that is handed back a thousand times
    guard.watch(socket, client);
  });
  server.on('upgrade', ({ socket }) => guard.unwatch(socket));
}

function createRoutes(options: HttpServerOptions): HttpRoutes {
  const { router, path, createContext, readiness, requests, limits, logger, instruments } = options;
  const app: HttpRoutes = new Hono<HttpEnv>();
  answerErrors(app, { router, path, logger });
  app.use(everyAnswer({ readiness, requests, logger }));
  app.use(({ env: { incoming } }, next) => {
    const isNamed = incoming.headers.host !== undefined || incoming.httpVersion === '1.0';
    const problem = isNamed
      ? 'The address cannot be decoded'
      : 'A request over HTTP/1.1 must have a Host header';
    if (isNamed && isReadable(incoming.url)) return next();
    throw new TRPCError({ code: 'BAD_REQUEST', message: problem });
  });
  app.use(
    checkHost(options.isServedHost, (request) => {
      instruments.refused('HOST');
      options.refusedNames.host(request);
    }),
  );

  addSlash(app, options.basePath ?? '');
  app.get('/healthz', (c) => c.json({ status: 'ok' }));
  app.get('/readyz', async (c) => {
    if (await readiness.check()) return c.json({ status: 'ready' });
    if (readiness.isClosed) return c.json(STOPPING, 503);
    return c.json(readiness.sendsAway ? OUTDATED : UNAVAILABLE, 503);
  });
  serveSchemas(app, options);

  const sendsAway = () => readiness.sendsAway;
  const allowed = allowOrigins(options.allowedOrigins, (request) => {
    instruments.refused('ORIGIN');
    options.refusedNames.origin(request);
  });
  app.use(path, allowed);
  app.post(path, async (c) => {
    const { incoming, outgoing } = c.env;
    const headers = endsConnection(incoming, sendsAway()) ? { connection: 'close' } : {};
    // Routes know more ways to write an address than the upgrade to a WebSocket has.
    if (!options.serveStream(incoming, outgoing, headers)) return c.notFound();
    await wholeBody(incoming);
    return RESPONSE_ALREADY_SENT;
  });
  app.use(
    `${path}/:call`,
    allowed,
    limitConnections(limits, () => instruments.refused('TOO_MANY_CONNECTIONS')),
  );
  serveCalls(app, { router, path, createContext, requests, sendsAway, logger, instruments });
  servePage(app, options.pageDir);
  return app;
}

/** Serves what programs in other languages need to know of a catalog. */
function serveSchemas(app: HttpRoutes, { catalog, redisPrefix }: HttpServerOptions): void {
  const documents = {
    '/schema.json': () => toJsonSchema(catalog),
    '/asyncapi.json': () => toAsyncApi(catalog, { redisPrefix }),
  };
  for (const [path, write] of Object.entries(documents)) {
    let text: string | undefined;
    app.get(path, (c) => {
      text ??= JSON.stringify(write());
      return c.body(text, 200, { 'content-type': 'application/json' });
    });
  }
}

/** Resolves when somebody has read the body of a request, or its client is gone. */
async function wholeBody(incoming: IncomingMessage): Promise<void> {
  if (incoming.complete || incoming.destroyed) return;
  await new Promise((resolve) => incoming.once('close', resolve));
}

/** Tells if the path of an address can be decoded. */
function isReadable(address = ''): boolean {
  try {
    decodeURIComponent(address.split('?', 1)[0] ?? '');
    return true;
  } catch {
    return false;
  }
}
