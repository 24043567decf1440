import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { type TRPCError, transformTRPCResponse } from '@trpc/server';
import type { TRPCResponseMessage } from '@trpc/server/rpc';
import { CloseCode } from '../../../shared/protocol.ts';
import type { ClientSocket } from '../core/client-socket.ts';
import {
  type ErrorScope,
  FALLBACK_SHAPE,
  NO_CALL,
  reportError,
  reportInternalError,
  shapeError,
} from '../core/errors.ts';
import type { RequestId } from '../core/live.ts';
import type { Setup } from '../core/options.ts';
import { type Outlet, writeTo } from '../core/outlet.ts';
import { Backlog, type BacklogClient } from './backlog.ts';
import { CLOSE_GRACE_MS, SocketLife } from './socket-life.ts';
import type { Cuttable } from './stall-guard.ts';
import { Turnstile } from './turnstile.ts';

/**
 * Messages that may wait to be taken by a client before nothing more is read from it. Each costs some hundred bytes
 * beside its own, so that of the smallest ones many more would fit into a limit on bytes than into memory.
 */
const MAX_UNSENT_MESSAGES = 1_000;

/** One client: its socket, its tRPC context, its running subscriptions. */
export class Connection extends SocketLife implements ErrorScope, BacklogClient, Cuttable {
  /** Unix ms. */
  readonly connectedAt = Date.now();
  /** The upgrade request. */
  readonly req: IncomingMessage;
  readonly setup: Setup;
  /** Aborting one stops that subscription: it cleans up, frees its id and sends `stopped`. */
  readonly subscriptions = new Map<RequestId, { abort(): void }>();
  /** Characters of the inputs of those. */
  inputChars = 0;
  /** Bytes sent to the client and not taken yet. */
  readonly backlog: Backlog;
  /** The outlet through which groups write to the client. */
  readonly outlet: Outlet;
  /** The result of `createContext`; undefined until then. */
  context: unknown;
  /** True if `createContext` let the client in. */
  admitted = false;
  #turnstile: Turnstile | undefined;
  #unsentMessages = 0;
  readonly #sent = (): void => {
    this.#unsentMessages -= 1;
  };

  /** @param outletOf makes the outlet of one that is no WebSocket */
  constructor(
    ws: ClientSocket,
    req: IncomingMessage,
    setup: Setup,
    outletOf: (connection: Connection) => Outlet = (connection) => new WebSocketOutlet(connection),
  ) {
    super(ws, setup.encoder);
    this.req = req;
    this.setup = setup;
    this.backlog = new Backlog(this, setup.limits.maxBufferedBytes);
    this.outlet = outletOf(this);
    this.onClosed(endSubscriptions);
  }

  /** Begins to close, see {@link SocketLife.close}. Nothing reaches its client any more, so nothing more is made for it. */
  override close(code: number | undefined, reason: string, graceMs?: number): void {
    super.close(code, reason, graceMs);
    abortSubscriptions(this);
  }

  /** The line in which its queries and mutations wait for their turn; one that follows events may never need it. */
  get turnstile(): Turnstile {
    const { limits, runningCalls } = this.setup;
    this.#turnstile ??= new Turnstile(this.backlog, limits.maxConcurrentCalls, runningCalls);
    return this.#turnstile;
  }

  /** Tells if so many of its calls wait or run that nothing more should be read. */
  get crowded(): boolean {
    return this.#turnstile?.crowded ?? false;
  }

  /** Hangs up on a client that takes nothing of what it was sent, also where its closing is under way without a time limit. */
  cut(): void {
    if (this.isLimited) return;
    this.ws.resume(); // or its answer to the close is never seen
    this.close(CloseCode.SLOW_CONSUMER, 'reads nothing', CLOSE_GRACE_MS);
  }

  get router(): ErrorScope['router'] {
    return this.setup.options.router;
  }

  get onError(): ErrorScope['onError'] {
    const { onError } = this.setup.options;
    return onError && ((failure) => onError({ ...failure, connection: this }));
  }

  /** The TCP or TLS socket below: for writing frames that are built already. */
  get socket(): Socket {
    return this.req.socket;
  }

  get unsent(): number {
    return this.open ? this.ws.bufferedAmount : 0;
  }

  /** Tells if its client is behind with taking what it was sent: nothing more is done for it until it has caught up. */
  get behind(): boolean {
    return this.backlog.full || (this.open && this.#unsentMessages > MAX_UNSENT_MESSAGES);
  }

  /** Resolves when the client has taken what waits, or is gone. Never rejects. */
  async caughtUp(): Promise<void> {
    do {
      await this.backlog.drained();
      await new Promise((resolve) => setImmediate(resolve)); // what was taken is told in the turn after
    } while (this.behind);
  }

  /** Sends a message; drops it once closing has begun. @throws what the transformer or the encoder throws */
  respond(message: TRPCResponseMessage): void {
    if (!this.open) return;
    this.send(this.setup.encoder.encode(transformTRPCResponse(this.router._def._config, message)));
  }

  /** Sends a message that is encoded already; drops it once closing has begun. */
  send(data: Parameters<ClientSocket['send']>[0]): void {
    if (!this.open) return;
    this.#unsentMessages += 1;
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

  override reportFailure(cause: unknown): void {
    reportInternalError(this, NO_CALL, cause);
  }
}

function abortSubscriptions({ subscriptions }: Connection): void {
  for (const subscription of subscriptions.values()) subscription.abort();
}

function endSubscriptions(_: number, connection: Connection): void {
  abortSubscriptions(connection);
  connection.subscriptions.clear();
}

/** A WebSocket as an {@link Outlet}: frames go past `ws`, straight to the TCP or TLS socket below. */
class WebSocketOutlet implements Outlet {
  readonly #connection: Connection;
  /** Kept here too: every frame is written to it. */
  readonly #socket: Socket;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#socket = connection.socket;
  }

  get name(): string {
    return this.#connection.id;
  }

  get compresses(): boolean {
    return this.#connection.ws.extensions.includes('permessage-deflate');
  }

  get unsent(): number {
    return this.#socket.writableLength;
  }

  write(frames: Buffer | readonly Buffer[]): number {
    // Nothing may follow a close frame.
    if (this.#connection.open) writeTo(this.#socket, frames);
    return this.unsent;
  }

  drained(): Promise<void> {
    return this.#connection.backlog.drained();
  }

  close(code: number, reason: string): void {
    this.#connection.close(code, reason);
  }
}
