/** The functions to call when a signal aborts, and the one listener that calls them. */
interface Waiting {
  readonly calls: Set<() => void>;
  readonly listener: () => void;
}

const waiting = new WeakMap<AbortSignal, Waiting>();

/**
 * Calls once when a signal aborts. A signal has one listener of ours, however many wait for it: with more than ten,
 * Node suspects a leak and warns, and to remove one of many takes a search. The listener goes with the last that waits:
 * Node keeps a signal of `AbortSignal.any` that has one, and all that the listener holds, until it aborts.
 *
 * @returns takes the call back; nothing happens where the signal is aborted already
 */
export function onAbort(signal: AbortSignal, call: () => void): () => void {
  if (signal.aborted) return () => {};
  const { calls, listener } = waiting.get(signal) ?? listen(signal);
  const once = (): void => call(); // of its own, so that one function may wait twice
  calls.add(once);
  return () => {
    if (!calls.delete(once) || calls.size > 0) return;
    signal.removeEventListener('abort', listener);
    waiting.delete(signal);
  };
}

function listen(signal: AbortSignal): Waiting {
  const calls = new Set<() => void>();
  const listener = (): void => {
    for (const call of calls) call();
    calls.clear();
  };
  const entry = { calls, listener };
  waiting.set(signal, entry);
  signal.addEventListener('abort', listener, { once: true });
  return entry;
}
