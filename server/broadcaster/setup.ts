import { refuseForeignRouter } from '../trpc/trpc-copy.ts';
import { jsonEncoder } from './core/json-encoder.ts';
import { type Limits, resolveLimits } from './core/limits.ts';
import { MessageTurns } from './core/message-turns.ts';
import type { AnyHandlerOptions, Setup } from './core/options.ts';
import { liveEvents } from './groups/live-events.ts';

/**
 * Makes the settings and state of a handler from its options.
 * @throws TypeError when a limit has no meaning; EventsError when another copy of tRPC made the router
 */
export function resolveOptions(options: AnyHandlerOptions): Setup {
  refuseForeignRouter(options.router);
  const limits = resolveLimits(options);
  return {
    options,
    encoder: options.experimental_encoder ?? jsonEncoder,
    limits,
    live: resolveLive(options, limits),
    turns: new MessageTurns(),
  };
}

function resolveLive(options: AnyHandlerOptions, limits: Limits): Setup['live'] {
  const { router, live, compressFrom = 256, experimental_encoder } = options;
  if (live) return live;
  if (live === false || experimental_encoder) return () => undefined;
  return liveEvents(router, { highWaterBytes: limits.maxBufferedBytes, compressFrom });
}
