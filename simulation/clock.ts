/** The source of time: the simulation waits for nothing else. */
export interface Clock {
  /** Milliseconds since some moment. Never goes back, so only differences mean something. */
  now(): number;
  /** Calls `callback` once, after `ms`. Returns what cancels it. */
  setTimer(callback: () => void, ms: number): () => void;
}

/** A clock that knows the time of day too, which may be set back. */
export interface WorldClock extends Clock {
  /** Unix time, ms. */
  time(): number;
}

/** The time of this machine. */
export const systemClock: WorldClock = {
  now: () => performance.now(),
  time: () => Date.now(),
  setTimer(callback, ms) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

/** Resolves after `ms` of a clock. Rejects with the signal's reason when it is aborted first. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = (): void => {
      cancel();
      reject(signal?.reason);
    };
    const cancel = clock.setTimer(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
