import { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

/** Bytes that are read and thrown away of a body that is refused. */
const MAX_UNWANTED_BYTES = 64 * 1024 * 1024;
/** Ms within which they must have come. */
const UNWANTED_MS = 10_000;
/**
 * Pieces of one body: packets, or chunks of its encoding. A body of 1 MiB comes in some 700 packets, and in a few
 * thousand chunks if its client writes it line by line.
 */
const MAX_PIECES = 8 * 1024;

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

/**
 * Makes a server's class of requests, which counts the pieces in which a body comes. Each costs a call and more than a
 * hundred bytes, whatever it holds, so that of a body in pieces of one byte a limit on bytes lets through a hundred times
 * as much work and memory.
 * @param refuse called once for a request with too many; it has to end the connection
 */
export function requestsOfFewPieces(refuse: (socket: Socket) => void): typeof IncomingMessage {
  return class extends IncomingMessage {
    #pieces = 0;

    override push(piece: unknown, encoding?: BufferEncoding): boolean {
      if (piece === null || ++this.#pieces <= MAX_PIECES) return super.push(piece, encoding);
      if (this.#pieces === MAX_PIECES + 1) refuse(this.socket);
      return false;
    }
  };
}
