import type { FastifyInstance } from 'fastify';
import { MessageTurns } from '../../broadcaster/message-turns.ts';

/** Bytes that weigh as much as one small call. */
const BYTES_PER_WEIGHT = 4 * 1024;

/**
 * Reads bodies as the turns of the event loop allow, as the messages of WebSockets are: what a large one costs to parse,
 * look at and validate comes in a turn of its own, so that thirty that come at once do not hold everybody up thirty
 * times as long. Register it before whatever looks at bodies.
 */
export function readInTurns(app: FastifyInstance): void {
  const turns = new MessageTurns();
  app.addHook('preHandler', async ({ body }) => {
    if (typeof body !== 'string') return;
    const weight = 1 + Math.floor(body.length / BYTES_PER_WEIGHT);
    await new Promise<void>((resolve) => {
      const step = (): boolean => {
        resolve();
        return false;
      };
      turns.work({ weight, step });
    });
  });
}
