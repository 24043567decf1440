import type { AnyTRPCRouter } from '@trpc/server';
import type { WebSocket } from 'ws';
import { CloseCode, PROTOCOL_HEADER, PROTOCOL_VERSION } from '../../shared/protocol.ts';
import type { AnyHandlerOptions, BroadcastWSSHandlerOptions } from './core/options.ts';
import { serve } from './protocol/serve.ts';
import { resolveOptions } from './setup.ts';
import { askToReconnect } from './socket/ask-to-reconnect.ts';
import { Connection } from './socket/connection.ts';
import { type ConnectionInfo, Connections } from './socket/connections.ts';
import { cut } from './socket/cut.ts';
import { StallGuard } from './socket/stall-guard.ts';
import { turnAway } from './socket/turn-away.ts';

/** Handle on a served router. */
export interface BroadcastWSSHandler {
  /** Tells every client to connect again, e.g. before a deploy. Clients overlap the two connections: nothing is lost. */
  broadcastReconnectNotification(): void;
  /** The open connections, in the order they came. */
  readonly connections: ConnectionInfo[];
  /** Closes a connection with 1001 and a reason of at most 123 bytes. False if there is no such connection. */
  disconnect(id: string, reason: string): boolean;
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
  const setup = resolveOptions(options);
  const guard = new StallGuard(setup.limits.drainTimeoutMs);
  const connections = new Connections();
  options.wss.on('headers', (headers) => headers.push(`${PROTOCOL_HEADER}: ${PROTOCOL_VERSION}`));
  options.wss.on('connection', (ws, req) => {
    if (options.prefix && !req.url?.startsWith(options.prefix)) {
      turnAway(ws);
      return;
    }
    const connection = new Connection(ws, req, setup);
    guard.watch(connection.socket, () => cutStalled(connection));
    connections.add(connection);
    serve(connection);
  });

  return {
    askToReconnect: (client) => askToReconnect(client, setup.encoder),
    broadcastReconnectNotification() {
      for (const client of options.wss.clients) askToReconnect(client, setup.encoder);
    },
    get connections() {
      return connections.list();
    },
    disconnect: (id, reason) => connections.disconnect(id, reason),
  };
}

function cutStalled({ ws, open }: Connection): void {
  if (!open) return; // its closing has a time limit of its own
  ws.resume(); // or its answer to the close is never seen
  cut(ws, CloseCode.SLOW_CONSUMER, 'reads nothing');
}
