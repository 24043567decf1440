import { CloseCode } from '../../shared/close-codes.ts';
import type { Connection } from './connection.ts';
import { cut } from './cut.ts';

/** How many times per timeout each client is looked at: it is cut at most a quarter of the timeout late. */
const LOOKS = 4;

/**
 * Cuts clients that take nothing of what waits for them [D9], however little that is, and whatever else they send:
 * one that answers pings but reads nothing too. One timer looks at all of them, so writing costs nothing more.
 */
export class StallGuard {
  readonly #everyMs: number;
  readonly #watched = new Map<Connection, { taken: number; looks: number }>();
  #timer: NodeJS.Timeout | undefined;

  /** @param timeoutMs how long a client may take nothing */
  constructor(timeoutMs: number) {
    this.#everyMs = Math.max(1, timeoutMs / LOOKS);
  }

  /** Watches a client until its socket has closed. */
  watch(connection: Connection): void {
    this.#watched.set(connection, { taken: 0, looks: 0 });
    this.#timer ??= setInterval(() => this.#look(), this.#everyMs).unref();
    connection.ws.once('close', () => {
      this.#watched.delete(connection);
      if (this.#watched.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    });
  }

  #look(): void {
    for (const [connection, seen] of this.#watched) {
      const { ws, socket } = connection;
      const taken = socket.bytesWritten - socket.writableLength;
      if (socket.writableLength === 0 || taken !== seen.taken) {
        seen.taken = taken;
        seen.looks = 0;
      } else if (++seen.looks >= LOOKS && connection.open) {
        ws.resume(); // or its answer to the close is never seen
        cut(ws, CloseCode.SLOW_CONSUMER, 'reads nothing');
      }
    }
  }
}
