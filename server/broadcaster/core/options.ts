import type { AnyTRPCRouter } from '@trpc/server';
import type { Encoder, WSSHandlerOptions } from '@trpc/server/adapters/ws';
import type { LimitOptions, Limits } from './limits.ts';
import type { Live } from './live.ts';
import type { MessageTurns } from './message-turns.ts';

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
   * {@link COMPRESSION} as `perMessageDeflate`, or nobody can. Default: 256.
   */
  compressFrom?: number | undefined;
}

/** The options of `applyWSSHandler` of tRPC, and ours. */
export type BroadcastWSSHandlerOptions<TRouter extends AnyTRPCRouter> = WSSHandlerOptions<TRouter> &
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
}
