import { type Observable, observableToAsyncIterable } from '@trpc/server/observable';
import { CloseCode } from '../../../shared/protocol.ts';
import { MAX_QUEUED_VALUES } from '../core/limits.ts';
import { cut } from '../socket/cut.ts';
import type { Call } from './call.ts';

/**
 * Subscribes to an observable; its values wait in a queue until they are taken.
 *
 * It cannot be asked to wait itself, so a client that is behind while more than MAX_QUEUED_VALUES wait is cut
 * with 4008 SLOW_CONSUMER: the queue has an end.
 */
export function toAsyncIterable(call: Call, source: Observable<unknown, unknown>): AsyncIterable<unknown> {
  const { backlog, ws } = call.connection;
  let queued = 0;
  const counted: typeof source = Object.create(source, {
    subscribe: {
      value: (observer: Parameters<typeof source.subscribe>[0]) =>
        source.subscribe({
          ...observer,
          next(value) {
            queued += 1;
            observer.next?.(value);
            if (queued > MAX_QUEUED_VALUES && backlog.full) {
              cut(ws, CloseCode.SLOW_CONSUMER, 'reads too slowly');
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
