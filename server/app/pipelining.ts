import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** Requests of one connection that may wait for the answer to the one before. */
const MAX_WAITING = 100;

/** The requests of one connection that are not answered yet. */
interface Line {
  waiting: number;
  /** Settles when the last of them was answered, and its answer handed to the system. */
  answered: Promise<unknown>;
}

/**
 * Answers the requests of one connection one after another, as its client gets them anyway. Those that come before the
 * answer to an earlier one (pipelining) wait: a few bytes of requests must not make megabytes of answers at once. A
 * client with too many waiting is hung up on.
 * @param refused told of each client that is hung up on
 */
export function answerInTurn(app: FastifyInstance, refused: () => void): void {
  const lines = new WeakMap<Socket, Line>();
  app.addHook('onRequest', async ({ raw: { socket } }, reply) => {
    const line = lines.get(socket) ?? { waiting: 0, answered: Promise.resolve() };
    lines.set(socket, line);
    if (line.waiting >= MAX_WAITING && !socket.destroyed) {
      refused();
      socket.destroy();
    }
    const before = line.answered;
    // An answer that never finishes ends its connection, and those who wait for it with it.
    line.answered = new Promise((resolve) => reply.raw.once('finish', resolve));
    line.waiting += 1;
    await before;
    line.waiting -= 1;
  });
}
