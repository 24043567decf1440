import type { Socket } from 'node:net';
import type { Outlet } from './outlet.ts';

/** A client's name for a request. */
export type RequestId = number | string;

/** A subscription's source that writes to its sockets itself, instead of being iterated once per subscriber. */
export interface Live {
  /**
   * Begins to write the call's items; `started` has been sent.
   * @returns what ends it: called once, whatever the reason, before `stopped` is sent. Nothing may be written after.
   * @throws anything: the client gets the error and `stopped`
   */
  attach(call: LiveCall): () => void;
}

/** The connection that a {@link Live} source writes to. */
export interface LiveConnection {
  /** Takes frames, says what is unsent, and hangs up. */
  readonly outlet: Outlet;
  /** The TCP or TLS socket below. */
  readonly socket: Socket;
  /** False as soon as closing has begun, by either side: nothing may be written then. */
  readonly open: boolean;
  /** Aborts when the socket has closed. */
  readonly closed: AbortSignal;
}

/** One subscription to a {@link Live} source. */
export interface LiveCall {
  readonly connection: LiveConnection;
  /** To be written with every frame, `jsonrpc` too if there is one. */
  readonly id: RequestId;
  readonly jsonrpc: '2.0' | undefined;
  /** Aborts when the client stopped the subscription or is gone. */
  readonly signal: AbortSignal;
  /** Ends the subscription from this side; with an error, the client gets it before `stopped`. Call it as a method. */
  end(error?: Error): void;
}
