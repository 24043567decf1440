import { TRPCError } from '@trpc/server';
import { isObservable, type Observable, observableToAsyncIterable } from '@trpc/server/observable';
import { CloseCode } from '../../../shared/protocol.ts';
import { isObject } from '../core/json-encoder.ts';
import { MAX_QUEUED_VALUES } from '../core/limits.ts';
import type { Live } from '../core/live.ts';
import type { Call, OnEnd } from './call.ts';
import { discard, iterate } from './iterate.ts';

/**
 * Serves what a subscription's procedure returned until it ends or the client stops it.
 * Resolves when everything is cleaned up. Rejects if it never started.
 */
export async function stream(call: Call, result: unknown): Promise<void> {
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

/**
 * Hands a subscription over: `started`, attach, and when the client stops or is gone, or the source ends it, `ended`.
 * @param ended is to {@link takeBack} it first
 * @throws what `started` cannot be sent for; then it never started
 */
export function attach(call: Call, live: Live, ended: OnEnd): void {
  call.respond({ type: 'started' });
  call.onEnd(ended);
  try {
    call.detach = live.attach(call);
  } catch (cause) {
    call.end(cause);
  }
}

/** Takes a subscription that has ended back, and tells the client why, if it is to be told. Never throws. */
export function takeBack(call: Call, failure: unknown): void {
  const { detach } = call; // a function of somebody's, which is called as one
  call.abort();
  try {
    detach?.();
  } catch (cause) {
    call.report(cause);
  }
  if (failure !== undefined) call.failSafely(failure);
}

/**
 * Subscribes to an observable; its values wait in a queue until they are taken.
 *
 * It cannot be asked to wait itself, so a client that is behind while more than MAX_QUEUED_VALUES wait is cut
 * with 4008 SLOW_CONSUMER: the queue has an end.
 */
function toAsyncIterable(call: Call, source: Observable<unknown, unknown>): AsyncIterable<unknown> {
  const { connection } = call;
  let queued = 0;
  const counted: typeof source = Object.create(source, {
    subscribe: {
      value: (observer: Parameters<typeof source.subscribe>[0]) =>
        source.subscribe({
          ...observer,
          next(value) {
            if (!connection.open) return call.abort(); // its client takes no more, and may be a while in closing
            queued += 1;
            observer.next?.(value);
            if (queued > MAX_QUEUED_VALUES && connection.backlog.full) {
              connection.close(CloseCode.SLOW_CONSUMER, 'reads too slowly');
            }
          },
        }),
    },
  });
  const values = observableToAsyncIterable(counted, call.signal);
  return {
    [Symbol.asyncIterator]: () => ({
      async next() {
        const result = await values.next();
        queued -= 1;
        return result;
      },
      return: async () => (await values.return?.()) ?? { value: undefined, done: true },
    }),
  };
}

export function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return isObject(value) && Symbol.asyncIterator in value;
}
