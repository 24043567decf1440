import { type TrackedEnvelope, tracked } from '@trpc/server';
import { toldError } from './errors.ts';

/**
 * Items as tRPC's adapters and `createCaller` iterate them: each in an envelope with its cursor, which tRPC's clients send
 * back to go on from there. An error that ends them has its tRPC code. Our own adapters take the source out, and write
 * its items in groups.
 */
export class TrackedItems<Item> implements AsyncIterable<TrackedEnvelope<Item>> {
  readonly source: AsyncIterable<readonly [cursor: string, event: Item]>;

  constructor(source: AsyncIterable<readonly [cursor: string, event: Item]>) {
    this.source = source;
  }

  /** Its errors are heard, see {@link hearErrors}. To return from it ends the source at once, whatever it waits for. */
  [Symbol.asyncIterator](): AsyncIterableIterator<TrackedEnvelope<Item>, void, undefined> {
    return heard(trackedIterator(this.source[Symbol.asyncIterator]()));
  }
}

/** No generator: its `return` would wait for the item that is waited for, and reach the source after that. */
function trackedIterator<Item>(
  items: AsyncIterator<readonly [cursor: string, event: Item]>,
): AsyncIterator<TrackedEnvelope<Item>, void, undefined> {
  return {
    async next() {
      try {
        const { done, value } = await items.next();
        return done ? { done, value: undefined } : { done: false, value: tracked(value[0], value[1]) };
      } catch (error) {
        throw toldError(error);
      }
    },
    async return() {
      await items.return?.();
      return { done: true, value: undefined };
    },
  };
}

/**
 * A subscription or a replay as a procedure of your own returns it to tRPC: its clients get `{ id, data }`. They resume
 * from the last `id`, which tRPC adds to the input as `lastEventId`: without such an input, and `since`, a client that
 * was away loses the events of that time.
 *
 * @example
 * t.procedure
 *   .input(z.object({ lastEventId: z.string().nullish() }).optional())
 *   .subscription(({ input, signal }) =>
 *     trackedItems(() =>
 *       manager.subscribe({ topic: 'runs', since: input?.lastEventId ?? undefined, signal }),
 *     ),
 *   )
 *
 * @param open makes the subscription or the replay; called at once
 * @throws TRPCError with the code of the EventsError that `open` throws, e.g. BAD_REQUEST for an INVALID_CURSOR; all
 * other errors as they are
 */
export function trackedItems<Item>(
  open: () => AsyncIterable<readonly [cursor: string, event: Item]>,
): TrackedItems<Item> {
  if (typeof open !== 'function')
    throw new TypeError('trackedItems: pass a function, such as () => manager.subscribe({ … })');
  try {
    return new TrackedItems(open());
  } catch (error) {
    throw toldError(error);
  }
}

/** Streams whose errors are heard. */
const hearing = new WeakSet<object>();

/**
 * Sees to it that no error of a stream goes unheard. tRPC asks for the next item of a stream of server-sent events
 * before it has sent the one before: an error that comes while the client does not read is nobody's until then, and
 * one that nobody hears ends the process.
 * @param result what a procedure answered: changed if it is a stream that allows it, and once; `TrackedItems` hear their own
 */
export function hearErrors(result: unknown): void {
  if (!isStream(result) || result instanceof TrackedItems || hearing.has(result)) return;
  hearing.add(result);
  const iterate = result[Symbol.asyncIterator].bind(result);
  const value = () => heard(iterate());
  // False for one that is frozen: it stays as it is, with tRPC's treatment of its errors.
  Reflect.defineProperty(result, Symbol.asyncIterator, { value, configurable: true, writable: true });
}

function isStream(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

function heard<T, TReturn>(
  iterator: AsyncIterator<T, TReturn | undefined, undefined>,
): AsyncIterableIterator<T, TReturn | undefined, undefined> {
  return {
    next() {
      const item = iterator.next();
      item.catch(() => {}); // whoever takes it sees the error
      return item;
    },
    async return() {
      return (await iterator.return?.()) ?? { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
