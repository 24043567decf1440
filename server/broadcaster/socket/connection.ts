import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { type TRPCError, transformTRPCResponse } from '@trpc/server';
import type { TRPCResponseMessage } from '@trpc/server/rpc';
import { WebSocket } from 'ws';
import { FALLBACK_SHAPE, NO_CALL, reportError, reportInternalError, shapeError } from '../core/errors.ts';
import type { Setup } from '../core/options.ts';
import type { Outlet } from '../core/outlet.ts';
import type { RequestId } from '../core/request-id.ts';
import { Backlog } from './backlog.ts';
import { Turnstile } from './turnstile.ts';
import { WebSocketOutlet } from './web-socket-outlet.ts';

/**
 * Messages that may wait to be taken by a client before nothing more is read from it. Each costs some hundred bytes
 * beside its own, so that of the smallest ones many more would fit into a limit on bytes than into memory.
 */
const MAX_UNSENT_MESSAGES = 1_000;

/** One client: its socket, its tRPC context, its running subscriptions. */
export class Connection {
  readonly ws: WebSocket;
  /** The upgrade request. */
  readonly req: IncomingMessage;
  readonly setup: Setup;
  /** Aborting one stops that subscription: it cleans up, frees its id and sends `stopped`. */
  readonly subscriptions = new Map<RequestId, AbortController>();
  /** Characters of the inputs of those. */
  inputChars = 0;
  /** Bytes sent to the client and not taken yet. */
  readonly backlog: Backlog;
  /** The outlet through which groups write to the client. */
  readonly outlet: Outlet;
  /** The line in which its queries and mutations wait for their turn. */
  readonly turnstile: Turnstile;
  /** The result of `createContext`; undefined until then. */
  context: unknown;
  /** True if `createContext` let the client in. */
  admitted = false;
  readonly #closed = new AbortController();
  #unsent = 0;
  readonly #sent = (): void => {
    this.#unsent -= 1;
  };

  constructor(ws: WebSocket, req: IncomingMessage, setup: Setup) {
    this.ws = ws;
    this.req = req;
    this.setup = setup;
    this.backlog = new Backlog({
      socket: req.socket,
      unsent: () => (this.open ? ws.bufferedAmount : 0),
      maxBufferedBytes: setup.limits.maxBufferedBytes,
      closed: this.closed,
    });
    this.outlet = new WebSocketOutlet(ws, req.socket, this.backlog);
    this.turnstile = new Turnstile(this.backlog, setup.limits.maxConcurrentCalls);
  }

  get options(): Setup['options'] {
    return this.setup.options;
  }

  /** The TCP or TLS socket below: for writing frames that are built already. */
  get socket(): Socket {
    return this.req.socket;
  }

  /** False as soon as closing has begun, by either side: before `closed` aborts. */
  get open(): boolean {
    return this.ws.readyState === WebSocket.OPEN;
  }

  /** Tells if its client is behind with taking what it was sent: nothing more is done for it until it has caught up. */
  get behind(): boolean {
    return this.backlog.full || (this.open && this.#unsent > MAX_UNSENT_MESSAGES);
  }

  /** Resolves when the client has taken what waits, or is gone. Never rejects. */
  async caughtUp(): Promise<void> {
    do {
      await this.backlog.drained();
      await new Promise((resolve) => setImmediate(resolve)); // what was taken is told in the turn after
    } while (this.behind);
  }

  /** Aborts when the socket has closed. */
  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  /** Sends a message; drops it once closing has begun. @throws what the transformer or the encoder throws */
  respond(message: TRPCResponseMessage): void {
    if (!this.open) return;
    const { encoder, options } = this.setup;
    this.send(encoder.encode(transformTRPCResponse(options.router._def._config, message)));
  }

  /** Sends a message that is encoded already; drops it once closing has begun. */
  send(data: Parameters<WebSocket['send']>[0]): void {
    if (!this.open) return;
    this.#unsent += 1;
    this.ws.send(data, this.#sent);
  }

  /** Responds as `respond` does, but never throws: a message that cannot be sent is reported, and replaced by a bare error. */
  respondSafely(message: TRPCResponseMessage): void {
    try {
      this.respond(message);
    } catch (cause) {
      this.reportFailure(cause);
      try {
        const { id, jsonrpc } = message;
        this.respond({ id, ...(jsonrpc && { jsonrpc }), error: FALLBACK_SHAPE });
      } catch {
        // the same failure, reported above
      }
    }
  }

  /** Tells the client an error that belongs to no call of its own. */
  rejectSafely(error: TRPCError): void {
    this.respondSafely({ id: null, error: shapeError(this, NO_CALL, error) });
  }

  /** Tells `onError` an error that belongs to no call. */
  report(cause: unknown): TRPCError {
    return reportError(this, NO_CALL, cause);
  }

  /** Reports that handling itself failed. */
  reportFailure(cause: unknown): void {
    reportInternalError(this, NO_CALL, cause);
  }

  /** Ends everything that works for this client. Call when its socket has closed. */
  end(): void {
    for (const subscription of this.subscriptions.values()) subscription.abort();
    this.subscriptions.clear();
    this.#closed.abort();
  }
}
