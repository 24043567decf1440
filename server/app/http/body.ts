import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';

/** Bytes of a request's body. */
export const MAX_BODY_BYTES = 1024 * 1024;
/** Bytes that are read and thrown away of a body that is refused. */
const MAX_UNWANTED_BYTES = 64 * 1024 * 1024;
/** Ms within which they must have come. */
const UNWANTED_MS = 10_000;

/**
 * Answers once the body has come, wanted or not. A client that still sends when its connection is closed is told of a
 * reset, and not of the answer; so what is refused is read to its end and thrown away, as far as that has an end.
 */
export function readUnwantedBodies(app: FastifyInstance): void {
  app.addHook('onSend', async ({ raw }, reply) => {
    if (!(await readToEnd(raw))) reply.header('connection', 'close');
  });
}

/** Reads a request's body and throws it away. @returns whether it came to its end */
async function readToEnd(request: IncomingMessage): Promise<boolean> {
  if (request.complete || request.destroyed) return true;
  return new Promise((resolve) => {
    let bytes = 0;
    const count = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes > MAX_UNWANTED_BYTES) end(false);
    };
    const end = (isWhole: boolean): void => {
      clearTimeout(timer);
      request.off('data', count).off('end', whole).off('close', whole);
      if (!isWhole) request.pause();
      resolve(isWhole);
    };
    const whole = (): void => end(true);
    const timer = setTimeout(() => end(false), UNWANTED_MS);
    request.on('data', count).once('end', whole).once('close', whole).resume();
  });
}
