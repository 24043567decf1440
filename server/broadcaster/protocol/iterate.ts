import { getTRPCErrorFromUnknown, isTrackedEnvelope } from '@trpc/server';
import { isObject } from '../core/json-encoder.ts';
import type { Call } from './call.ts';

/**
 * Waits that end early when a signal aborts, one at a time.
 * `Promise.race` against one long-lived promise would keep every result of a subscription in memory.
 */
class Interruptible {
  #interrupt: (() => void) | undefined;

  constructor(signal: AbortSignal) {
    signal.addEventListener('abort', () => this.#interrupt?.(), { once: true });
  }

  /** Settles as `promise` does, or with undefined as soon as the signal aborts. */
  for<T>(promise: Promise<T>): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      this.#interrupt = () => resolve(undefined);
      promise.then(resolve, reject);
    });
  }
}

type Settled<T> = { ok: true; value: T } | { ok: false; error: unknown };

/**
 * Sends `started` and then each item, no faster than the client takes them. Resolves when the iterator is cleaned up.
 *
 * An iteration that fails is told to the client, after the cleanup. A cleanup that fails is told to `onError` only:
 * it must not turn a subscription that was completed or stopped into a failed one.
 */
export async function iterate(call: Call, items: AsyncIterable<unknown>): Promise<void> {
  call.respond({ type: 'started' });
  let iterator: AsyncIterator<unknown> | undefined;
  const pumped = await settle(async () => {
    iterator = items[Symbol.asyncIterator]();
    return await pump(call, iterator);
  });
  // Before the cleanup, which may wait for it.
  if (!pumped.ok || pumped.value === 'stopped') call.abort();
  const cleaned = await settle(async () => iterator && dispose(iterator));
  if (!cleaned.ok) call.abort();
  if (!pumped.ok) call.fail(pumped.error);
  if (!cleaned.ok) call.report(cleaned.error);
}

/** Cleans up what the procedure returned to a client that is gone or has stopped meanwhile; takes nothing from it. */
export async function discard(call: Call, items: AsyncIterable<unknown>): Promise<void> {
  const cleaned = await settle(() => dispose(items[Symbol.asyncIterator]()));
  if (!cleaned.ok) call.report(cleaned.error);
}

async function pump(call: Call, iterator: AsyncIterator<unknown>): Promise<'completed' | 'stopped'> {
  const waiting = new Interruptible(call.signal);
  for (;;) {
    const end = await step(call, iterator, waiting);
    if (end) return end;
  }
}

/** Takes one item and sends it. A function of its own, so that no item is held while the next one is awaited. */
async function step(
  call: Call,
  iterator: AsyncIterator<unknown>,
  waiting: Interruptible,
): Promise<'completed' | 'stopped' | undefined> {
  const { connection } = call;
  if (connection.backlog.full) await waiting.for(connection.backlog.drained());
  // Nothing waits for a client that is being closed: what never pauses would be taken without end, and nobody else served.
  if (call.signal.aborted || !connection.open) return 'stopped';

  const next = iterator.next().catch((cause: unknown) => {
    const error = getTRPCErrorFromUnknown(cause);
    if (!call.signal.aborted) throw error;
    // Nobody waits for it any more. An AbortError is how a stopped iteration ends.
    if (!isAbortError(error.cause)) call.report(error);
    return undefined;
  });
  const result = await waiting.for(next);
  if (result === undefined) return 'stopped';
  if (result.done) return 'completed';
  send(call, result.value);
  return undefined;
}

function send(call: Call, item: unknown): void {
  if (isTrackedEnvelope(item)) {
    const [id, data] = item;
    call.respond({ type: 'data', data: { id, data }, id });
  } else {
    call.respond({ type: 'data', data: item });
  }
}

async function dispose(iterator: AsyncIterator<unknown> & Partial<AsyncDisposable>): Promise<void> {
  const own = iterator[Symbol.asyncDispose];
  if (own) await own.call(iterator);
  else await iterator.return?.();
}

async function settle<T>(work: () => Promise<T>): Promise<Settled<T>> {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    return { ok: false, error };
  }
}

export function isAbortError(error: unknown): boolean {
  return isObject(error) && error['name'] === 'AbortError';
}
