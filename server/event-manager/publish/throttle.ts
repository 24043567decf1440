import { requireInterval } from '../../../shared/timing.ts';

/** Runs one publish. */
type Send<R> = () => Promise<R>;

/** A result, and whether it is that of a later call, which stands in for this one. */
interface Sent<R> {
  readonly result: R;
  readonly replaced: boolean;
}

interface Caller<R> {
  readonly send: Send<R>;
  readonly resolve: (sent: Sent<R>) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * At most one publish per interval and key, the first at once; of those that come sooner the latest is sent when the
 * interval ends, and the ones it replaced resolve with its result. One that stores nothing, as a repeated one, stands in for
 * no other: then the latest before it is sent too.
 */
export class Throttle<R> {
  readonly #intervalMs: number;
  readonly #stores: (result: R) => boolean;
  readonly #waiting = new Map<string, Caller<R>[]>();

  /** @param stores tells by its result if a publish has stored something. Default: each has */
  constructor(intervalMs: number, stores: (result: R) => boolean = () => true) {
    requireInterval('Throttle: intervalMs', intervalMs);
    this.#intervalMs = intervalMs;
    this.#stores = stores;
  }

  /** Publishes that wait for their interval to end. */
  get waiting(): number {
    let count = 0;
    for (const callers of this.#waiting.values()) count += callers.length;
    return count;
  }

  /** Resolves with what `send` resolved with, or the later call that replaced it; `replaced` tells which. */
  run(key: string, send: Send<R>): Promise<Sent<R>> {
    const waiting = this.#waiting.get(key);
    if (waiting) return new Promise((resolve, reject) => waiting.push({ send, resolve, reject }));
    this.#begin(key);
    return send().then((result) => ({ result, replaced: false }));
  }

  /** Sends what waits, at once. */
  flush(): void {
    for (const key of [...this.#waiting.keys()]) this.#end(key);
  }

  #begin(key: string): void {
    this.#waiting.set(key, []);
    setTimeout(() => this.#end(key), this.#intervalMs).unref();
  }

  #end(key: string): void {
    const callers = this.#waiting.get(key) ?? [];
    if (callers.length === 0) {
      this.#waiting.delete(key);
      return;
    }
    this.#begin(key);
    void this.#sendLatest(callers);
  }

  /** Never rejects. */
  async #sendLatest(callers: readonly Caller<R>[]): Promise<void> {
    const [latest, before] = [callers.at(-1), callers.slice(0, -1)];
    if (!latest) return;
    try {
      const result = await latest.send();
      latest.resolve({ result, replaced: false });
      if (!this.#stores(result)) return this.#sendLatest(before);
      for (const { resolve } of before) resolve({ result, replaced: true });
    } catch (error) {
      for (const { reject } of callers) reject(error);
    }
  }
}
