/** The items of an iterable until a signal is aborted: then it rejects at once with the signal's reason, even if the iterable hangs. */
export async function* abortable<T>(
  items: AsyncIterable<T>,
  signal: AbortSignal,
): AsyncGenerator<T, void, undefined> {
  const iterator = items[Symbol.asyncIterator]();
  const { promise: aborted, reject } = withReject();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  let finished = false;
  try {
    signal.throwIfAborted();
    for (;;) {
      const next = await Promise.race([iterator.next(), aborted]);
      finished = next.done ?? false;
      if (next.done) return;
      yield next.value;
    }
  } catch (error) {
    finished = !signal.aborted; // one that threw has ended by itself
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
    // A promise that hangs would hang here too, so nobody waits for it.
    if (!finished) void iterator.return?.().then(undefined, () => {});
  }
}

function withReject(): { promise: Promise<never>; reject: (reason: unknown) => void } {
  let reject: (reason: unknown) => void = () => {};
  const promise = new Promise<never>((_, rejectIt) => {
    reject = rejectIt;
  });
  promise.catch(() => {}); // nobody may be listening when it is aborted
  return { promise, reject };
}
