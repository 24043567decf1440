import type { IncomingMessage, ServerResponse } from 'node:http';
import { TRPCError } from '@trpc/server';
import type { ClientSocket } from '../core/client-socket.ts';
import type { Outlet } from '../core/outlet.ts';
import { readBody } from '../core/read-body.ts';
import { MessageStream } from './message-stream.ts';
import type { Head } from './stream-outlet.ts';

/** Ms between heartbeats: what a client may ask for, and what it gets that asks for none. */
const LEAST_HEARTBEAT_MS = 1_000;
const MOST_HEARTBEAT_MS = 15_000;

/** Proxies that know these headers pass each event on when it comes. */
const HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
};

/** The connection that a stream is served as. */
export interface StreamedConnection {
  readonly id: string;
  close(code: number, reason: string): void;
}

/** The refusal of a stream whose turn on its connection has not come: a stream goes straight to the socket. */
export const PIPELINED = {
  status: 400,
  code: 'BAD_REQUEST',
  message: 'A stream cannot be asked for before the answer to the request before it has come',
} as const;

/** Serves a socket whose client has been let through; returns once it listens. */
export type ServeStream = (
  socket: ClientSocket,
  request: IncomingMessage,
  options: { isCalls: boolean; outletOf: (connection: StreamedConnection) => Outlet },
) => void;

/**
 * Serves a POST as a {@link MessageStream}: `?calls` in its address says that the body has only calls, and the stream ends
 * when they are answered; `?heartbeat=<ms>` asks for heartbeats.
 * @throws EventsError TOO_LARGE for a body that is larger than an input may be; TRPCError for a request whose turn on its
 *   connection has not come
 */
export async function serveMessages(
  request: IncomingMessage,
  response: ServerResponse,
  serve: ServeStream,
  headers: Head['headers'] = {},
): Promise<void> {
  const body = await readBody(request);
  const { socket } = response;
  if (response.closed) return;
  if (!socket) throw new TRPCError(PIPELINED);
  const query = queryOf(request);
  const stream = new MessageStream(response, socket);
  const isCalls = hasOnlyCalls(request);
  serve(stream, request, {
    isCalls,
    outletOf: (connection) =>
      stream.begin(
        { status: 200, headers: { ...HEADERS, ...headers } },
        {
          name: connection.id,
          pingMs: heartbeatOf(query),
          onClose: (code, reason) => connection.close(code, reason),
        },
      ),
  });
  stream.receive(body, isCalls);
}

/** Tells if a stream ends by itself, once calls are answered. */
export function hasOnlyCalls(request: IncomingMessage): boolean {
  return queryOf(request).has('calls');
}

function queryOf({ url }: IncomingMessage): URLSearchParams {
  const [, search] = url?.split('?', 2) ?? [];
  return new URLSearchParams(search);
}

function heartbeatOf(query: URLSearchParams): number {
  const asked = Number(query.get('heartbeat') || MOST_HEARTBEAT_MS);
  return Math.min(MOST_HEARTBEAT_MS, Math.max(LEAST_HEARTBEAT_MS, asked || 0));
}
