/** Functions to call when a signal aborts, by signal. */
const waiting = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls once when a signal aborts. A signal has one listener of ours, however many wait for it: with more than ten,
 * Node suspects a leak and warns, and to remove one of many takes a search.
 *
 * @returns what takes it back; nothing happens where the signal is aborted already
 */
export function onAbort(signal: AbortSignal, call: () => void): () => void {
  if (signal.aborted) return () => {};
  const calls = waiting.get(signal) ?? listen(signal);
  const once = (): void => call(); // of its own, so that one function may wait twice
  calls.add(once);
  return () => calls.delete(once);
}

function listen(signal: AbortSignal): Set<() => void> {
  const calls = new Set<() => void>();
  waiting.set(signal, calls);
  const abort = (): void => {
    for (const call of calls) call();
    calls.clear();
  };
  signal.addEventListener('abort', abort, { once: true });
  return calls;
}
