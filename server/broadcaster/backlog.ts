import { once } from 'node:events';
import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
import type { Limits } from './limits.ts';

/**
 * What one client was sent and has not taken yet.
 *
 * While it is full, whoever produces for this client waits for `drained()`. A client that leaves it full for
 * `drainTimeoutMs` is cut.
 */
export class Backlog {
  readonly #ws: WebSocket;
  readonly #socket: Socket;
  readonly #limits: Limits;
  readonly #closed: AbortSignal;
  #draining: Promise<void> | undefined;

  /** @param closed aborts when the WebSocket has closed */
  constructor(ws: WebSocket, socket: Socket, limits: Limits, closed: AbortSignal) {
    this.#ws = ws;
    this.#socket = socket;
    this.#limits = limits;
    this.#closed = closed;
  }

  /** Tells if more than `maxBufferedBytes` wait for a client that is still open. */
  get full(): boolean {
    const { bufferedAmount } = this.#ws;
    if (!(bufferedAmount > this.#limits.maxBufferedBytes)) return false;
    // Below its high-water mark a socket never says that it drained.
    return bufferedAmount > this.#socket.writableHighWaterMark && this.#ws.readyState === WebSocket.OPEN;
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
    while (!this.#closed.aborted && (this.full || this.#socket.writableNeedDrain)) await this.#progress();
  }

  async #progress(): Promise<void> {
    // Full, yet the socket takes more: ws is still compressing.
    if (!this.#socket.writableNeedDrain) return new Promise((resolve) => setImmediate(resolve));
    try {
      await once(this.#socket, 'drain', { signal: this.#closed });
    } catch {
      // closed, or the socket failed and is about to be
    }
  }
}
