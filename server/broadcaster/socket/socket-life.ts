import { randomUUID } from 'node:crypto';
import type { TRPCReconnectNotification } from '@trpc/server/rpc';
import { WebSocket } from 'ws';
import { CloseCode } from '../../../shared/protocol.ts';
import type { ClientSocket } from '../core/client-socket.ts';
import { type Encoder, jsonEncoder } from '../core/json-encoder.ts';
import type { ClientConnection } from '../core/options.ts';

/** A client that does not read does not answer a close either: it gets this long. */
export const CLOSE_GRACE_MS = 1_000;
/** One that reads slowly has all before it that waited: it gets this long to read why it is cut. */
export const SLOW_GRACE_MS = 5_000;
/** One that has said nothing yet is hardly going to answer: it gets this long. */
export const SILENT_GRACE_MS = 500;
/** RFC 6455: against the policy of this endpoint. */
const POLICY_VIOLATION = 1008;

/** Releases something of a socket that has closed. */
type Dispose<Closed> = (code: number, closed: Closed) => void;

const NOTIFICATION: TRPCReconnectNotification = { id: null, method: 'reconnect' };

/**
 * A WebSocket from its opening to its end: the only listener of its `close`. Timers, lists and counts that live as long
 * as the socket are released by {@link onClosed}, or by the signal `closed` where they may end earlier.
 */
export class SocketLife implements ClientConnection {
  readonly id = connectionId();
  readonly ws: ClientSocket;
  readonly #encoder: Encoder;
  /** A new list with each, as there are few: one that is pushed to has room for seventeen. */
  #disposers: readonly Dispose<this>[] = [];
  /** Made when somebody asks for `closed`: a signal takes most of a KB. */
  #closed: AbortController | undefined;
  #hasClosed = false;
  /** The code with which it ended. */
  #endCode = 0;
  /** The first code of {@link close}. */
  #closeCode: number | undefined;
  #hangUp: NodeJS.Timeout | undefined;
  /** By `performance.now()`. */
  #hangUpAtMs = Number.POSITIVE_INFINITY;

  constructor(ws: ClientSocket, encoder: Encoder = jsonEncoder) {
    this.ws = ws;
    this.#encoder = encoder;
    ws.on('close', (code) => this.#end(code));
  }

  /** True once it has a time at which its client is hung up on. */
  protected get isLimited(): boolean {
    return this.#hangUpAtMs < Number.POSITIVE_INFINITY;
  }

  /** False as soon as closing has begun, by either side: before `closed` aborts. */
  get open(): boolean {
    return this.ws.readyState === WebSocket.OPEN;
  }

  /** True if the code with which it ends is one of {@link close}, and not its client's. */
  get endedHere(): boolean {
    return this.#closeCode !== undefined;
  }

  /** Aborts when the socket has closed. */
  get closed(): AbortSignal {
    if (!this.#closed) {
      this.#closed = new AbortController();
      if (this.#hasClosed) this.#closed.abort();
    }
    return this.#closed.signal;
  }

  /**
   * Calls once when the socket has closed, after `closed` has aborted, in the order of asking; at once, if it has closed
   * already. The code is that of {@link close}, else its client's: one that does not answer sends none.
   * @param dispose is told which one has closed, so that one function may serve all
   */
  onClosed(dispose: Dispose<this>): void {
    if (this.#hasClosed) this.#dispose(dispose);
    else this.#disposers = this.#disposers.concat(dispose);
  }

  /** Reports that handling itself failed. */
  reportFailure(cause: unknown): void {
    console.error('[@trpc/server/adapters/ws]', cause);
  }

  askToReconnect(): void {
    askToReconnect(this.ws, this.#encoder);
  }

  /**
   * Begins to close, and hangs up on a client that does not answer. Closed again, it is not waited for any longer, but
   * perhaps shorter: a server that stops does not wait for one that reads slowly.
   * @param code undefined: its client is told none
   * @param graceMs infinite: it is not hung up on for the time that it takes
   */
  close(
    code: number | undefined,
    reason: string,
    graceMs = code === CloseCode.SLOW_CONSUMER ? SLOW_GRACE_MS : CLOSE_GRACE_MS,
  ): void {
    this.ws.close(code, reason);
    if (this.#hasClosed) return;
    this.#closeCode ??= code;
    const atMs = performance.now() + graceMs;
    if (atMs >= this.#hangUpAtMs) return;
    this.#hangUpAtMs = atMs;
    clearTimeout(this.#hangUp);
    this.#hangUp = setTimeout(() => this.ws.terminate(), graceMs);
  }

  #end(code: number): void {
    clearTimeout(this.#hangUp);
    this.#hasClosed = true;
    this.#endCode = this.#closeCode ?? code;
    this.#closed?.abort();
    const disposers = this.#disposers;
    this.#disposers = [];
    for (const dispose of disposers) this.#dispose(dispose);
  }

  /** One that fails keeps none of the others from being called. */
  #dispose(dispose: Dispose<this>): void {
    try {
      dispose(this.#endCode, this);
    } catch (cause) {
      this.reportFailure(cause);
    }
  }
}

/** A UUID as one text: Node puts it together of sixteen parts, each of which would be kept as long as the connection. */
function connectionId(): string {
  return Buffer.from(randomUUID(), 'latin1').toString('latin1');
}

/** Asks tRPC's client to connect again. It keeps the connection that it has until the next one is open. */
export function askToReconnect(
  socket: Pick<ClientSocket, 'readyState' | 'send'>,
  encoder: Encoder = jsonEncoder,
): void {
  if (socket.readyState === WebSocket.OPEN) socket.send(encoder.encode(NOTIFICATION));
}

/**
 * Closes a socket on a path that this handler does not serve, unless another handler of the same server listens to it.
 * Its errors are none of ours, but without a listener they would end the process.
 */
export function turnAway(ws: WebSocket): void {
  ws.on('error', () => {});
  setImmediate(() => {
    if (ws.listenerCount('message') === 0) ws.close(POLICY_VIOLATION, 'not served here');
  });
}
