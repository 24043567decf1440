import type { Socket } from 'node:net';
import { drainOrClose } from '../../limits/socket-asker.ts';

/** The client of a backlog. */
export interface BacklogClient {
  readonly socket: Socket;
  /** Bytes that wait for a client that is still open, those that did not reach the socket yet included; 0 once it closes. */
  readonly unsent: number;
  /** Aborts when the client is gone. Asked for when it is waited for. */
  readonly closed: AbortSignal;
}

/**
 * Bytes that one client was sent and has not taken yet.
 *
 * While it is full, whoever produces for this client waits for `drained()`. A client that leaves it full for
 * `drainTimeoutMs` is cut.
 */
export class Backlog {
  readonly #client: BacklogClient;
  readonly #maxBufferedBytes: number;
  #draining: Promise<void> | undefined;

  /** @param maxBufferedBytes bytes beyond which it is full */
  constructor(client: BacklogClient, maxBufferedBytes: number) {
    this.#client = client;
    this.#maxBufferedBytes = maxBufferedBytes;
  }

  /** Tells if more than `maxBufferedBytes` wait for a client that is still open. */
  get full(): boolean {
    const { socket, unsent } = this.#client;
    // Below its high-water mark a socket never says that it drained.
    return unsent > this.#maxBufferedBytes && unsent > socket.writableHighWaterMark;
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
    const { socket, closed } = this.#client;
    while (!closed.aborted && (this.full || socket.writableNeedDrain)) await this.#progress();
  }

  async #progress(): Promise<void> {
    const { socket, closed } = this.#client;
    // Full, yet the socket takes more: ws is still compressing.
    if (!socket.writableNeedDrain) return new Promise((resolve) => setImmediate(resolve));
    await drainOrClose(socket, closed);
  }
}
