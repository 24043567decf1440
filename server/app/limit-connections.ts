import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { EventsError } from '../../shared/errors.ts';
import type { Limits } from '../limits/limits.ts';

/** S after which it is worth while to try again: by then silent connections have been cut. */
export const RETRY_AFTER_S = 5;

/** Hangs up on sockets of addresses that have far too many: one that is between two requests is no request yet. */
export function limitSockets(server: Server, limits: Limits, refused: () => void): void {
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
export function limitConnections(app: FastifyInstance, limits: Limits, refused: () => void): void {
  app.addHook('onRequest', async (request, reply) => {
    const release = limits.connections.admit(limits.addressOf(request.raw));
    if (release) {
      reply.raw.once('close', release);
      return;
    }
    refused();
    reply.header('retry-after', RETRY_AFTER_S).header('connection', 'close');
    const retryAfterMs = RETRY_AFTER_S * 1000;
    throw new EventsError('OVERLOADED', 'Too many connections of this address', { retryAfterMs });
  });
}
