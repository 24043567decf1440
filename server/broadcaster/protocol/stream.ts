import { TRPCError } from '@trpc/server';
import { isObservable } from '@trpc/server/observable';
import { isAsyncIterable } from '../core/guards.ts';
import { attach } from './attach.ts';
import type { Call } from './call.ts';
import { discard, iterate } from './iterate.ts';
import { toAsyncIterable } from './observable.ts';

/**
 * Serves what a subscription's procedure returned until it ends or the client stops it.
 * Resolves when everything is cleaned up. Rejects if it never started.
 */
export async function stream(call: Call, result: unknown): Promise<void> {
  // Closing may have begun while the procedure ran; the close event comes later.
  if (!call.connection.open) call.abort();

  const live = call.connection.setup.live(result);
  if (live) {
    if (!call.signal.aborted) await attach(call, live);
    return;
  }

  let items: AsyncIterable<unknown>;
  if (isObservable(result)) {
    if (!call.connection.open) return;
    items = toAsyncIterable(call, result); // subscribes
    if (!call.connection.open) call.abort();
  } else if (isAsyncIterable(result)) {
    items = result;
  } else {
    throw new TRPCError({
      code: 'INTERNAL_SERVER_ERROR',
      message: `Subscription ${call.path} did not return an observable or a AsyncGenerator`,
    });
  }

  if (call.signal.aborted) await discard(call, items);
  else await iterate(call, items);
}
