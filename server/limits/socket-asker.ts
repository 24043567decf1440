import type { Socket } from 'node:net';
import { EventsError } from '../../shared/errors.ts';
import { onAbort } from '../../shared/timing.ts';
import { type Asker, UNSENT_BYTES } from '../event-manager/reading/asker.ts';

/** Characters of JSON that pages of history may come to in one HTTP request: its answers are sent when all are made. */
const REQUEST_CHARS = UNSENT_BYTES;

/** The asker of a WebSocket, or of one HTTP request: what its socket has not taken counts against it. */
export class SocketAsker implements Asker {
  readonly #socket: Socket;
  readonly #maxChars: number;
  #chars = 0;

  /** @param isRequest whether all that it asks is answered together */
  constructor(socket: Socket, isRequest: boolean) {
    this.#socket = socket;
    this.#maxChars = isRequest ? REQUEST_CHARS : Number.POSITIVE_INFINITY;
  }

  get full(): boolean {
    return this.#socket.writableLength > UNSENT_BYTES && !this.gone;
  }

  get gone(): boolean {
    return this.#socket.destroyed;
  }

  async drained(): Promise<void> {
    while (this.full) await drainOrClose(this.#socket);
  }

  admitAnswer(): void {
    if (this.#chars < this.#maxChars) return;
    throw new EventsError(
      'OVERLOADED',
      'The pages of history in one request come to 1 MiB: ask for this one in a request of its own.',
    );
  }

  answered(chars: number): void {
    this.#chars += chars;
  }
}

/** The asker in a tRPC context; undefined where it has none. */
export function askerOf(context: unknown): Asker | undefined {
  if (typeof context !== 'object' || context === null || !('asker' in context)) return undefined;
  return context.asker instanceof SocketAsker ? context.asker : undefined;
}

/** Resolves when a socket has drained or closed, or when `gone` aborts; it must not have aborted yet. */
export function drainOrClose(socket: Socket, gone?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off('drain', done).off('close', done);
      forget();
      resolve();
    };
    const forget = gone ? onAbort(gone, done) : (): void => {};
    socket.once('drain', done).once('close', done);
  });
}
