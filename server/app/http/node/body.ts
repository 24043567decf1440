import { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Pieces of one body: packets, or chunks of its encoding. A body of 1 MiB comes in some 700 packets, and in a few
 * thousand chunks if its client writes it line by line.
 */
const MAX_PIECES = 8 * 1024;

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
