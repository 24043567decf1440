import type { FastifyInstance } from 'fastify';
import { MessageTurns, weightOf } from '../../broadcaster/message-turns.ts';

/**
 * Reads bodies as the turns of the event loop allow, as the messages of WebSockets are: what a large one costs to parse,
 * look at and validate comes in a turn of its own, so that thirty that come at once do not hold everybody up thirty
 * times as long. Register it before whatever looks at bodies.
 */
export function readInTurns(app: FastifyInstance): void {
  const turns = new MessageTurns();
  app.addHook('preHandler', async ({ body }) => {
    if (typeof body !== 'string') return;
    const weight = weightOf(body.length);
    await new Promise<void>((resolve) => {
      const step = (): boolean => {
        resolve();
        return false;
      };
      turns.work({ weight, step });
    });
  });
}
