/** Runs one publish. */
type Send<R> = () => Promise<R>;

interface Waiting<R> {
  send: Send<R>;
  callers: { resolve: (result: R) => void; reject: (error: unknown) => void }[];
}

/**
 * At most one publish per interval and key, the first at once; of those that come sooner the latest is sent when the
 * interval ends, and the ones it replaced resolve with its result.
 */
export class Throttle<R> {
  readonly #intervalMs: number;
  readonly #waiting = new Map<string, Waiting<R> | null>();

  constructor(intervalMs: number) {
    if (!(intervalMs > 0))
      throw new TypeError('Throttle: intervalMs must be a positive number of milliseconds');
    this.#intervalMs = intervalMs;
  }

  /** Publishes that wait for their interval to end. */
  get waiting(): number {
    let count = 0;
    for (const entry of this.#waiting.values()) count += entry?.callers.length ?? 0;
    return count;
  }

  /** Resolves with what `send` resolved with, or the later call that replaced it; `replaced` tells which. */
  run(key: string, send: Send<R>): Promise<{ result: R; replaced: boolean }> {
    const waiting = this.#waiting.get(key);
    if (waiting === undefined) {
      this.#waiting.set(key, null);
      this.#schedule(key);
      return send().then((result) => ({ result, replaced: false }));
    }
    const entry = waiting ?? { send, callers: [] };
    entry.send = send;
    this.#waiting.set(key, entry);
    return new Promise((resolve, reject) => {
      entry.callers.push({
        resolve: (result) => resolve({ result, replaced: entry.send !== send }),
        reject,
      });
    });
  }

  /** Sends what waits, at once. */
  flush(): void {
    for (const key of [...this.#waiting.keys()]) this.#end(key);
  }

  #schedule(key: string): void {
    setTimeout(() => this.#end(key), this.#intervalMs).unref();
  }

  #end(key: string): void {
    const entry = this.#waiting.get(key);
    if (!entry) {
      this.#waiting.delete(key);
      return;
    }
    this.#waiting.set(key, null);
    this.#schedule(key);
    entry.send().then(
      (result) => {
        for (const { resolve } of entry.callers) resolve(result);
      },
      (error: unknown) => {
        for (const { reject } of entry.callers) reject(error);
      },
    );
  }
}
