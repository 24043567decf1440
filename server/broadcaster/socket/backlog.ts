import type { Socket } from 'node:net';
import { drainOrClose } from '../../limits/socket-asker.ts';

export interface BacklogOptions {
  /** The socket of the client. */
  socket: Socket;
  /** Bytes that wait for a client that is still open, those that did not reach the socket yet included; 0 once it closes. */
  unsent: () => number;
  /** Bytes beyond which it is full. */
  maxBufferedBytes: number;
  /** Aborts when the client is gone. */
  closed: AbortSignal;
}

/**
 * Bytes that one client was sent and has not taken yet.
 *
 * While it is full, whoever produces for this client waits for `drained()`. A client that leaves it full for
 * `drainTimeoutMs` is cut.
 */
export class Backlog {
  readonly #options: BacklogOptions;
  #draining: Promise<void> | undefined;

  constructor(options: BacklogOptions) {
    this.#options = options;
  }

  /** Tells if more than `maxBufferedBytes` wait for a client that is still open. */
  get full(): boolean {
    const { socket, maxBufferedBytes } = this.#options;
    const unsent = this.#options.unsent();
    // Below its high-water mark a socket never says that it drained.
    return unsent > maxBufferedBytes && unsent > socket.writableHighWaterMark;
  }

  /**
   * Resolves when the client has taken what was written to the socket, or is gone: at once, if nothing waits.
   * Never rejects.
   */
  drained(): Promise<void> {
    this.#draining ??= this.#drain().finally(() => {
      this.#draining = undefined;
    });
    return this.#draining;
  }

  async #drain(): Promise<void> {
    const { socket, closed } = this.#options;
    while (!closed.aborted && (this.full || socket.writableNeedDrain)) await this.#progress();
  }

  async #progress(): Promise<void> {
    const { socket, closed } = this.#options;
    // Full, yet the socket takes more: ws is still compressing.
    if (!socket.writableNeedDrain) return new Promise((resolve) => setImmediate(resolve));
    await drainOrClose(socket, closed);
  }
}
