import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AnyTRPCRouter } from '@trpc/server';
import type { WebSocket } from 'ws';
import { hasMethods } from '../../shared/options/has-methods.ts';
import { PROTOCOL_HEADER, PROTOCOL_VERSION } from '../../shared/protocol.ts';
import { LONGEST_TIMER_MS } from '../../shared/timing.ts';
import { BoundedMemo } from '../memory/bounded-memo.ts';
import { refuseForeignRouter } from '../trpc/trpc-copy.ts';
import { jsonEncoder } from './core/json-encoder.ts';
import { checkNumber, type Limits, resolveLimits } from './core/limits.ts';
import { MessageTurns } from './core/message-turns.ts';
import type { AnyHandlerOptions, BroadcastWSSHandlerOptions, Setup } from './core/options.ts';
import { RunningCalls } from './core/running-calls.ts';
import { liveEvents } from './groups/live-events.ts';
import { serve } from './protocol/serve.ts';
import { Connection } from './socket/connection.ts';
import { type ConnectionInfo, Connections } from './socket/connections.ts';
import { askToReconnect, turnAway } from './socket/socket-life.ts';
import { StallGuard } from './socket/stall-guard.ts';
import { type ServeStream, serveMessages } from './sse/serve-messages.ts';
import { refusalOf, refuseRequest } from './upgrade/refused-streams.ts';

/** Characters of inputs that are known: those that came last. */
const MAX_INPUT_CHARS = 64 * 1024;

/** Handle on a served router. */
export interface BroadcastWSSHandler {
  /** Tells every client to connect again, e.g. before a deploy. Clients overlap the two connections: nothing is lost. */
  broadcastReconnectNotification(): void;
  /** The open connections, in the order they came. */
  readonly connections: ConnectionInfo[];
  /** Closes a connection with 1001 and a reason of at most 123 bytes. False if there is no such connection. */
  disconnect(id: string, reason: string): boolean;
  /**
   * Serves a POST of a client that no WebSocket gets through to, on the path that your server gives it: its messages are
   * the lines of the body, its answer a stream of server-sent events, both JSON whatever `experimental_encoder` WebSockets
   * have. Resolves when the stream has begun, or was refused: a body of more than 1 MiB is answered with 413. Never rejects.
   */
  serveStream(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Tells one client of the server, e.g. to let many of them move over a while. */
  askToReconnect(client: WebSocket): void;
}

/**
 * Serves any tRPC router on a `ws` WebSocketServer: tRPC's `applyWSSHandler`, with limits and backpressure
 * (see {@link BroadcastOptions}) and a way past iteration for results that write to sockets themselves.
 *
 * Give the server {@link WEBSOCKET_LIMITS} as options.
 * @throws TypeError when a limit has no meaning; EventsError INVALID_OPTION where another copy of `@trpc/server` made the
 *   router
 */
export function applyBroadcastWSSHandler<TRouter extends AnyTRPCRouter>(
  options: BroadcastWSSHandlerOptions<TRouter>,
): BroadcastWSSHandler;
export function applyBroadcastWSSHandler(options: AnyHandlerOptions): BroadcastWSSHandler {
  requireParts(options);
  const setup = resolveOptions(options);
  const { connections, serve } = serveConnections(setup);
  return {
    serveStream: (request, response) =>
      serveMessages(request, response, serve).catch((cause: unknown) =>
        refuseRequest(request, response, refusalOf(cause)),
      ),
    askToReconnect: (client) => askToReconnect(client, setup.encoder),
    broadcastReconnectNotification() {
      connections.askAll();
    },
    get connections() {
      return connections.list();
    },
    disconnect: (id, reason) => connections.disconnect(id, reason),
  };
}

/** @throws TypeError where a part is missing. A server of HTTP in the place of `wss` would call no listener. */
function requireParts(options: unknown): void {
  const { wss, router }: Partial<Record<'wss' | 'router', unknown>> = Object(options);
  if (router && hasMethods(wss, 'on', 'handleUpgrade')) return;
  throw new TypeError(
    'applyBroadcastWSSHandler: pass a WebSocketServer of ws and a router, { wss: new WebSocketServer({ server }), router }',
  );
}

/** The connections that a router is served to, and what serves one that comes by another way than a WebSocket server's. */
export interface ServedConnections {
  readonly connections: Connections;
  readonly serve: ServeStream;
}

/**
 * Serves the connections of a WebSocket server from now on, and streams.
 * @param opened is told of each, once it is served; not of streams that only answer calls
 */
export function serveConnections(
  setup: Setup,
  opened: (connection: Connection) => void = () => {},
): ServedConnections {
  const { wss, prefix } = setup.options;
  const guard = new StallGuard(setup.limits.drainTimeoutMs);
  const connections = new Connections();
  const streamed: Setup = { ...setup, encoder: jsonEncoder }; // its lines are text, and its clients write JSON
  const unwatch = (_: number, { socket }: Connection): void => guard.unwatch(socket);
  const begin = (connection: Connection, isCalls = false): void => {
    guard.watch(connection.socket, connection);
    connection.onClosed(unwatch);
    if (!isCalls) connections.add(connection);
    serve(connection);
    if (!isCalls) opened(connection);
  };
  wss.on('headers', (headers) => headers.push(`${PROTOCOL_HEADER}: ${PROTOCOL_VERSION}`));
  wss.on('connection', (ws, req) => {
    if (prefix && !req.url?.startsWith(prefix)) {
      turnAway(ws);
      return;
    }
    begin(new Connection(ws, req, setup));
  });
  return {
    connections,
    serve: (stream, request, { isCalls, outletOf }) =>
      begin(new Connection(stream, request, streamed, outletOf), isCalls),
  };
}

/**
 * Makes the settings and state of a handler from its options.
 * @throws TypeError when a limit has no meaning; EventsError when another copy of tRPC made the router
 */
export function resolveOptions(options: AnyHandlerOptions): Setup {
  refuseForeignRouter(options.router);
  const limits = resolveLimits(options);
  checkNumber('compressFrom', options.compressFrom, 0, Number.POSITIVE_INFINITY);
  checkNumber('keepAlive.pingMs', options.keepAlive?.pingMs, 1, LONGEST_TIMER_MS);
  checkNumber('keepAlive.pongWaitMs', options.keepAlive?.pongWaitMs, 1, LONGEST_TIMER_MS);
  return {
    options,
    encoder: options.experimental_encoder ?? jsonEncoder,
    limits,
    live: resolveLive(options, limits),
    turns: new MessageTurns(),
    runningCalls: new RunningCalls(),
    inputs: new BoundedMemo(
      MAX_INPUT_CHARS,
      (text) => text,
      ({ length }) => length,
    ),
  };
}

function resolveLive(options: AnyHandlerOptions, limits: Limits): Setup['live'] {
  const { router, live, compressFrom = 256, experimental_encoder } = options;
  if (live) return live;
  if (live === false || experimental_encoder) return () => undefined;
  return liveEvents(router, { highWaterBytes: limits.maxBufferedBytes, compressFrom });
}
