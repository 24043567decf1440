import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/**
 * Begins a request when the one before it on the same connection was answered. A client may send many at once
 * (pipelining), whose answers would all be held in memory until the first is taken.
 */
export function oneAtATime(app: FastifyInstance): void {
  /** Ends when the latest request of a connection has; none while nothing is under way. */
  const latest = new WeakMap<Socket, Promise<void>>();
  app.addHook('onRequest', async ({ raw: { socket } }, reply) => {
    const before = latest.get(socket);
    const over = new Promise<void>((resolve) => {
      reply.raw.once('close', resolve);
      // An answer that waits behind others is never told that their connection is gone.
      void before?.then(() => socket.destroyed && resolve());
    });
    latest.set(socket, over);
    void over.then(() => latest.get(socket) === over && latest.delete(socket));
    await before;
    if (!socket.destroyed) return;
    reply.hijack();
    reply.raw.emit('close'); // Node itself tells it only to the answer that had its turn
  });
}
