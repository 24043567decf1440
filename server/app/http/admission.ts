import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import { EventsError } from '../../../shared/errors.ts';
import { PROTOCOL_HEADER } from '../../../shared/protocol.ts';
import { isAllowedOrigin, ORIGIN_REFUSAL } from '../../access/names/origins.ts';
import { HOST_REFUSAL } from '../../access/names/served-hosts.ts';
import type { ClientLimits } from '../../limits/limits.ts';
import type { HttpMiddleware } from './every-answer.ts';

const HEALTH = ['/healthz', '/readyz'];

/**
 * Gives a request for the server's health a name that it goes by: a balancer or an orchestrator asks by an address that is
 * nobody's name for the server, or by something that cannot be read.
 */
export function nameHealthCheck({ url, headers }: IncomingMessage): void {
  if (HEALTH.includes(url?.split('?', 1)[0] ?? '')) headers.host = 'localhost';
}

/** Refuses requests to a name that this server does not go by. */
export function checkHost(
  isServed: (request: IncomingMessage) => boolean,
  refused: (request: IncomingMessage) => void,
): HttpMiddleware {
  return async ({ env }, next) => {
    if (isServed(env.incoming)) return next();
    refused(env.incoming);
    throw new EventsError('FORBIDDEN', HOST_REFUSAL);
  };
}

/** Header of a request by which the answers to calls differ, for `Vary`. */
export const VARY = 'origin';

/** Headers of an answer that a page of another origin may read: else it could not wait as long as it is asked to. */
const EXPOSED = `${PROTOCOL_HEADER}, retry-after, x-request-id`;

/** Refuses pages of foreign origins; tells browsers about those that are allowed. */
export function allowOrigins(
  allowed: readonly string[],
  refused: (request: IncomingMessage) => void,
): HttpMiddleware {
  return async ({ env: { incoming, outgoing }, body }, next) => {
    outgoing.setHeader('vary', VARY); // also of an answer to no page: a cache must not give it to one
    if (!isAllowedOrigin(incoming, allowed)) {
      refused(incoming);
      throw new EventsError('FORBIDDEN', ORIGIN_REFUSAL);
    }
    const { origin } = incoming.headers;
    if (origin === undefined) return next();
    outgoing
      .setHeader('access-control-allow-origin', origin)
      .setHeader('access-control-allow-credentials', 'true') // its cookie counts: see credentials.ts
      .setHeader('access-control-expose-headers', EXPOSED);
    if (incoming.method !== 'OPTIONS') return next();
    outgoing
      .setHeader('access-control-allow-methods', 'GET, POST')
      .setHeader('access-control-allow-headers', incoming.headers['access-control-request-headers'] ?? '')
      .setHeader('access-control-max-age', '600');
    return body(null, 204);
  };
}

/** S after which it is worth while to try again: by then silent connections have been cut. */
const RETRY_AFTER_S = 5;

/** Hangs up on sockets of addresses that have far too many: one that is between two requests is no request yet. */
export function limitSockets(server: Server, limits: ClientLimits, refused: () => void): void {
  const admitted = new WeakSet<Socket>();
  server.on('connection', (socket: Socket) => {
    // One that is handed back to the server, because it does not take an offer to upgrade, is no other one.
    if (admitted.has(socket)) return;
    admitted.add(socket);
    if (limits.admitSocket(socket)) return;
    refused();
    socket.destroy();
  });
}

/** Refuses requests and event streams of addresses that have as many connections as they may. */
export function limitConnections(limits: ClientLimits, refused: () => void): HttpMiddleware {
  return async ({ env: { incoming, outgoing } }, next) => {
    const release = limits.connections.admit(limits.addressOf(incoming));
    if (release) {
      outgoing.once('close', release);
      return next();
    }
    refused();
    outgoing.setHeader('retry-after', RETRY_AFTER_S).setHeader('connection', 'close');
    const retryAfterMs = RETRY_AFTER_S * 1000;
    throw new EventsError(
      'OVERLOADED',
      'Too many connections from this address: close one, or try again later',
      { retryAfterMs },
    );
  };
}
