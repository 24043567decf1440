import type { IncomingMessage } from 'node:http';
import type { AnyTRPCRouter, CreateContextCallback, inferRouterContext } from '@trpc/server';
import type { NodeHTTPCreateContextFnOptions } from '@trpc/server/adapters/node-http';
import type { BaseHandlerOptions } from '@trpc/server/http';
import type { WebSocket } from 'ws';
import type { BoundedMemo } from '../../memory/bounded-memo.ts';
import type { Encoder } from './json-encoder.ts';
import type { LimitOptions, Limits } from './limits.ts';
import type { Live } from './live.ts';
import type { MessageTurns } from './message-turns.ts';
import type { RunningCalls } from './running-calls.ts';

/** Options of this adapter beyond tRPC's own. */
export interface BroadcastOptions extends LimitOptions {
  /**
   * Only connections whose URL starts with this are served. Others are closed with 1008, unless another handler of
   * the same server listens to them. Default: all are served.
   */
  prefix?: string;
  /**
   * True if a `PING` is answered only after `createContext` succeeded, so that a client can tell that it was let in.
   * Default: false, at once, like tRPC's own.
   */
  pongAfterContext?: boolean;
  /**
   * Looks at what a subscription's procedure returned, and answers with something that writes to the socket itself
   * (see {@link Live}), or with undefined: then the result is iterated. `false`: everything is iterated.
   * Default: event subscriptions are live, unless there is an `experimental_encoder`.
   */
  live?: ((result: unknown) => Live | undefined) | false | undefined;
  /**
   * Bytes from which a live message goes compressed to clients that negotiated it: give the server
   * {@link COMPRESSION} as `perMessageDeflate`, or nobody can. `Infinity`: none does. Default: 256.
   */
  compressFrom?: number | undefined;
  /**
   * Tells if a call of a path may be larger than `maxCallBytes`: it then has the size of a message, and comes alone in one.
   * Default: none may.
   */
  mayBeLarge?: ((path: string) => boolean) | undefined;
}

/** A client's WebSocket, as `createContext` and `onError` are given it. */
export interface ClientConnection {
  /** Its name in the log, and among the `connections`. */
  readonly id: string;
  /** False as soon as closing has begun, by either side: before `closed` aborts. */
  readonly open: boolean;
  /** Aborts when the socket has closed. */
  readonly closed: AbortSignal;
  /** Asks the client to connect again. It keeps this connection until the next one is open: nothing is lost. */
  askToReconnect(): void;
  /**
   * Sends a close frame, then terminates the socket after `graceMs`.
   * @param reason for the client; at most 123 bytes
   * @param graceMs ms for the client's answer. Default: 1000
   */
  close(code: number, reason: string, graceMs?: number): void;
}

/** The part of a `WebSocketServer` of ws that is used, so that any version of `@types/ws` may declare it. */
export interface SocketServer {
  on(event: 'headers', listener: (headers: string[]) => void): unknown;
  on(event: 'connection', listener: (socket: WebSocket, request: IncomingMessage) => void): unknown;
  readonly clients: Iterable<WebSocket>;
}

/**
 * The options of tRPC's own `applyWSSHandler`, declared anew: the declarations of `@trpc/server/adapters/ws` do not
 * compile beside today's `@types/ws` in tRPC 11.22, which an application with `skipLibCheck: false` would be told of.
 */
interface SocketOptions {
  /** The server whose connections are served. */
  wss: SocketServer;
  /** Pings of the server, and the wait for an answer, after which a connection is terminated. Default: no pings. */
  keepAlive?: {
    enabled: boolean;
    /** Milliseconds between pings, from 1 to 2147483647. Default: 30 000. */
    pingMs?: number;
    /** Milliseconds to wait for an answer, from 1 to 2147483647. Default: 5000. */
    pongWaitMs?: number;
  };
  /** True if a client's `PING` is not answered; for tests. Default: false. */
  dangerouslyDisablePong?: boolean;
  /** Another form of messages on the wire of WebSockets; streams of server-sent events have JSON. Default: JSON in text frames. */
  experimental_encoder?: Encoder;
}

type CreateContext<TRouter extends AnyTRPCRouter> = (
  options: NodeHTTPCreateContextFnOptions<IncomingMessage, WebSocket> & { connection: ClientConnection },
) => inferRouterContext<TRouter> | Promise<inferRouterContext<TRouter>>;

type SocketErrorHandler<TRouter extends AnyTRPCRouter> = (
  failure: Parameters<NonNullable<BaseHandlerOptions<TRouter, IncomingMessage>['onError']>>[0] & {
    connection: ClientConnection;
  },
) => void;

/** The options of `applyWSSHandler` of tRPC, and ours. */
export type BroadcastWSSHandlerOptions<TRouter extends AnyTRPCRouter> = Omit<
  BaseHandlerOptions<TRouter, IncomingMessage>,
  'onError'
> & {
  /** Is told of errors, and whose they are. */
  onError?: SocketErrorHandler<TRouter>;
} & CreateContextCallback<inferRouterContext<TRouter>, CreateContext<TRouter>> &
  SocketOptions &
  BroadcastOptions;

export type AnyHandlerOptions = BroadcastWSSHandlerOptions<AnyTRPCRouter>;

/** Settings and state that all connections of one handler share. */
export interface Setup {
  readonly options: AnyHandlerOptions;
  readonly encoder: Encoder;
  readonly limits: Limits;
  readonly live: (result: unknown) => Live | undefined;
  /** Shares the event loop among them. */
  readonly turns: MessageTurns;
  readonly runningCalls: RunningCalls;
  /** Inputs of subscriptions as texts: thousands of clients ask for the same, and so hold one text. */
  readonly inputs: BoundedMemo<string, string>;
}
