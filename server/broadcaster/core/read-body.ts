import type { IncomingMessage } from 'node:http';
import { TRPCError } from '@trpc/server';
import { EventsError } from '../../../shared/errors.ts';
import { MAX_INPUT_BYTES } from '../../../shared/wire/limits.ts';

/** Bytes that are read and thrown away of a body that is refused. */
const MAX_UNWANTED_BYTES = 64 * 1024 * 1024;
/** Ms within which they must have come. */
const UNWANTED_MS = 10_000;

const READ_BEFORE =
  'Something has read the body of this request before: the server is to serve streams before it reads bodies.';

/**
 * Reads a request's body.
 * @throws EventsError TOO_LARGE, as soon as there is more than may be; TRPCError CLIENT_CLOSED_REQUEST; TRPCError BAD_REQUEST
 *   where it was read before
 */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  if (request.readableEnded) throw new TRPCError({ code: 'BAD_REQUEST', message: READ_BEFORE });
  if (request.closed) throw new TRPCError({ code: 'CLIENT_CLOSED_REQUEST' }); // and no event will say so
  if (Number(request.headers['content-length'] ?? 0) > MAX_INPUT_BYTES) throw tooLarge();
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    let bytes = 0;
    const end = (settle: () => void): void => {
      request.off('data', take).off('end', whole).off('close', gone).off('error', gone);
      settle();
    };
    const take = (piece: Buffer): void => {
      bytes += piece.length;
      if (bytes <= MAX_INPUT_BYTES) pieces.push(piece);
      else {
        request.pause(); // the rest is unwanted
        end(() => reject(tooLarge()));
      }
    };
    const whole = (): void => end(() => resolve(Buffer.concat(pieces, bytes)));
    const gone = (): void => end(() => reject(new TRPCError({ code: 'CLIENT_CLOSED_REQUEST' })));
    request.on('data', take).once('end', whole).once('close', gone).once('error', gone);
  });
}

function tooLarge(): EventsError {
  const message = `A body may have ${MAX_INPUT_BYTES / 1024 / 1024} MiB at most: send fewer events at a time`;
  return new EventsError('TOO_LARGE', message);
}

/**
 * Reads what is left of a request's body and throws it away, as far as that has an end. Await it before answering: a
 * client that still sends when its connection is closed is told of a reset, and not of the answer.
 * @returns true if it came to its end
 */
export async function readToEnd(request: IncomingMessage): Promise<boolean> {
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
