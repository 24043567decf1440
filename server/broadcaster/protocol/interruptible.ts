/**
 * Waits that end early when a signal aborts, one at a time.
 * `Promise.race` against one long-lived promise would keep every result of a subscription in memory.
 */
export class Interruptible {
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
