import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { PendingAnswers } from '../../broadcaster/upgrade/pending-answers.ts';
import { SECURITY_HEADERS } from '../security-headers.ts';

/** Code of our own, beside those of Node, for a body that comes in too many pieces. */
export const TOO_MANY_PIECES = 'TOO_MANY_PIECES';

/** Statuses of what is no HTTP that can be answered as such. */
const STATUSES: Readonly<Record<string, number>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  [TOO_MANY_PIECES]: 413,
};

/**
 * Answers what the parser of HTTP takes for none, and hangs up; within an answer that has begun nothing can be said.
 * Nothing of it is logged: the error holds what was sent.
 */
export function answerClientError(
  { code = '' }: Pick<NodeJS.ErrnoException, 'code'>,
  socket: Duplex,
  pending: PendingAnswers,
): void {
  if (socket.writable && pending.isNext(socket)) endWith(socket, STATUSES[code] ?? 400);
  else socket.destroy();
}

/** Writes an answer to a socket that has no request of `node:http` any more, and hangs up. */
export function endWith(socket: Duplex, status: number, message = STATUS_CODES[status] ?? ''): void {
  const body = JSON.stringify({ message });
  const headers = {
    connection: 'close',
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    ...SECURITY_HEADERS,
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.once('finish', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n${body}`);
}
