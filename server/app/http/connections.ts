import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { EventsError } from '../../../shared/errors.ts';
import type { StallGuard } from '../../broadcaster/socket/stall-guard.ts';
import type { ClientLimits } from '../../limits/limits.ts';
import type { HttpMiddleware } from './every-answer.ts';

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
    throw new EventsError('OVERLOADED', 'Too many connections of this address', { retryAfterMs });
  };
}

/**
 * Hangs up on clients of an HTTP server that take nothing of their answers [D9]: streams and calls, large and small,
 * of a request or of one that went before on the same connection. Upgraded connections are not its own.
 * @param refused told of each
 */
export function cutUnreadAnswers(server: Server, guard: StallGuard, refused: () => void): void {
  server.on('connection', (socket: Socket) => {
    guard.watch(socket, () => {
      refused();
      // A reset, or the system would go on holding what it could not deliver.
      socket.resetAndDestroy();
    });
  });
  server.on('upgrade', ({ socket }) => guard.unwatch(socket));
}
