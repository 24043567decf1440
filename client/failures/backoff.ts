const FIRST_MS = 1000;
const MOST_MS = 20_000;

/**
 * Ms to wait before a retry: anything from nothing to twice as long as the time before, 20 s at most
 * [D12]. Full jitter, on the first retry too: clients that lost a server together do not come back together.
 *
 * @param retry 0 for the first
 */
export function fullJitter(retry: number): number {
  return Math.floor(Math.random() * Math.min(MOST_MS, FIRST_MS * 2 ** retry));
}

/** Resolves after `ms`, or as soon as `signal` aborts. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
    if (signal.aborted) done();
  });
}
