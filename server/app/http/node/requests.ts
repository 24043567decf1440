import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Requests of one connection that may wait for the answer to the one before. */
const MAX_WAITING = 100;

type Exchange = readonly [request: IncomingMessage, response: ServerResponse];

/**
 * Answers the requests of one connection one after another, as its client gets the answers anyway. Those that come
 * before the answer to an earlier one (pipelining) wait: a few bytes of requests must not make megabytes of answers at
 * once. A client with too many waiting is hung up on: one client in each turn of the event loop, since each request that
 * waits is ended with an error of its own, and a hundred clients that reach the limit together would hold it.
 * Requests behind an answer that ends their connection are passed over: they would never be given the connection, so their
 * answers would neither finish nor close, and all that is released then would be kept.
 * @param server with its handler in place already
 * @param refused told of each client that is hung up on
 */
export function answerInTurn(server: Server, refused: () => void): void {
  const handlers = server.listeners('request');
  const lines = new WeakMap<Socket, Exchange[]>();
  /** Clients to hang up on, in order. */
  const excessive = new Set<Socket>();

  const hangUp = (): void => {
    for (const socket of excessive) {
      excessive.delete(socket);
      socket.destroy();
      break;
    }
    if (excessive.size > 0) setImmediate(hangUp);
  };

  const answer = (exchange: Exchange, line: Exchange[]): void => {
    // An answer that never finishes ends its connection, and with it those who wait.
    exchange[1].once('finish', () => {
      // Node heard of it before, and has given the connection to the next answer, or begun to end it.
      const { socket } = exchange[0];
      const next = line.shift();
      if (next && socket.writable) answer(next, line);
      else lines.delete(socket);
    });
    for (const handle of handlers) Reflect.apply(handle, server, exchange);
  };

  server.removeAllListeners('request');
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request;
    const line = lines.get(socket);
    if (!socket.writable || excessive.has(socket)) return; // the rest of what it sent at once
    if (!line) {
      const empty: Exchange[] = [];
      lines.set(socket, empty);
      answer([request, response], empty);
    } else if (line.length < MAX_WAITING) {
      line.push([request, response]);
    } else {
      refused();
      line.length = 0;
      stopReading(socket);
      if (excessive.add(socket).size === 1) setImmediate(hangUp);
    }
  });
}

/** Reads no more of a socket. Node itself resumes it at the end of each request, also of those that it has read already. */
function stopReading(socket: Socket): void {
  const stop = (): void => void socket.pause();
  socket.on('resume', stop);
  stop();
}

/** Requests under way: calls, which end by themselves, and streams, which are subscriptions over HTTP and do not. */
export class OpenRequests {
  readonly #open = new Set<ServerResponse>();
  readonly #streams = new Set<() => void>();

  /** Keeps a request until its answer is given or its client gone. */
  add(answer: ServerResponse): void {
    this.#open.add(answer);
    answer.once('close', () => this.#open.delete(answer));
  }

  /** Keeps a request as a stream, too. */
  addStream(answer: ServerResponse): void {
    const cut = (): void => void answer.destroy();
    this.#streams.add(cut);
    answer.once('close', () => this.#streams.delete(cut));
  }

  /** Functions that cut each stream. Cut, not told that it ended, a client connects again and resumes. */
  get streamCuts(): readonly (() => void)[] {
    return [...this.#streams];
  }

  /** Resolves when nothing is under way that is now. */
  async ended(): Promise<void> {
    await Promise.all([...this.#open].map((answer) => once(answer, 'close')));
  }
}
