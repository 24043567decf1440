import type { AnyTRPCRouter } from '@trpc/server';
import type { Encoder, WSSHandlerOptions } from '@trpc/server/adapters/ws';
import { jsonEncoder } from './json-encoder.ts';
import { type LimitOptions, type Limits, resolveLimits } from './limits.ts';
import type { Live } from './live.ts';

/** What this adapter takes beyond tRPC's own. */
export interface BroadcastOptions extends LimitOptions {
  /**
   * Only connections whose URL starts with this are served. Others are closed with 1008, unless another handler of
   * the same server listens to them. Default: all are served.
   */
  prefix?: string;
  /**
   * Looks at what a subscription's procedure returned, and answers with something that writes to the socket itself
   * (see {@link Live}), or with undefined: then the result is iterated. Default: everything is iterated.
   * What is live decides its own bytes, so an `experimental_encoder` has to be minded there.
   */
  live?: ((result: unknown) => Live | undefined) | undefined;
}

/** The options of `applyWSSHandler` of tRPC, and ours. */
export type BroadcastWSSHandlerOptions<TRouter extends AnyTRPCRouter> = WSSHandlerOptions<TRouter> &
  BroadcastOptions;

export type AnyHandlerOptions = BroadcastWSSHandlerOptions<AnyTRPCRouter>;

/** What all connections of one handler share. */
export interface Setup {
  readonly options: AnyHandlerOptions;
  readonly encoder: Encoder;
  readonly limits: Limits;
}

/** @throws TypeError when a limit has no meaning */
export function resolveOptions(options: AnyHandlerOptions): Setup {
  return {
    options,
    encoder: options.experimental_encoder ?? jsonEncoder,
    limits: resolveLimits(options),
  };
}
