import type { Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { endWith, type PendingAnswers } from '../../../broadcaster/upgrade/answers.ts';

/** Code of our own, beside those of Node, for a body that comes in too many pieces. */
export const TOO_MANY_PIECES = 'TOO_MANY_PIECES';

/** Statuses of what is no HTTP that can be answered as such. */
const STATUSES: Readonly<Record<string, number>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  [TOO_MANY_PIECES]: 413,
};

/** Ms for the answers that are owed before a refusal. */
const ANSWERS_MS = 5_000;

/**
 * Answers what the parser of HTTP takes for none, and hangs up. Nothing of it is logged: the error holds what was sent.
 * @returns what is called with each error, of which a connection has one for each piece that still comes
 */
export function clientErrors(
  pending: PendingAnswers,
): (error: Pick<NodeJS.ErrnoException, 'code'>, socket: Duplex) => void {
  const refused = new WeakSet<Duplex>();
  return ({ code = '' }, socket) => {
    if (refused.has(socket)) return;
    refused.add(socket);
    void refuseInTurn(socket, STATUSES[code] ?? 400, pending);
  };
}

/** Refuses tunnels to elsewhere, which Node would hang up on without a word. */
export function refuseTunnels(server: Server, pending: PendingAnswers): void {
  server.on('connect', (_request, socket: Duplex) => {
    socket.on('error', () => socket.destroy()); // without a listener it would end the process
    socket.resume(); // what is still sent to a tunnel is thrown away
    void refuseInTurn(socket, 405, pending);
  });
}

/**
 * Answers after the requests that came before, for a client takes answers in their order: a refusal in the place of one
 * would tell it that what was done was not. Within an answer that has begun nothing can be said.
 */
async function refuseInTurn(socket: Duplex, status: number, pending: PendingAnswers): Promise<void> {
  // A request that has not come whole is the one that cannot be read on.
  const areGiven = await pending.given(socket, ANSWERS_MS, ({ req }) => req.complete);
  if (areGiven && socket.writable && pending.isNext(socket)) endWith(socket, status);
  else socket.destroy();
}
