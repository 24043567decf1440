/** Length of a key's window. */
export const WINDOW_MS = 1000;

export interface WindowCounterOptions {
  /** Points that may be taken for a key within a window. */
  limit: number;
  /** Ms since any moment; never goes back: a window lasts a second, whatever happens to the time of day. Default `performance.now`. */
  now?: () => number;
}

interface Window {
  taken: number;
  readonly endsAt: number;
}

/** Counts what is taken for each key in this process, in windows of a second. */
export class WindowCounter {
  readonly #limit: number;
  readonly #now: () => number;
  /** In the order in which they end. */
  readonly #windows = new Map<string, Window>();

  constructor({ limit, now = () => performance.now() }: WindowCounterOptions) {
    this.#limit = limit;
    this.#now = now;
  }

  /** Takes for a key. @returns 0, or the ms until its window is over, if that is more than may be taken */
  take(key: string, amount: number): number {
    this.#forget();
    const now = this.#now();
    const window = this.#windows.get(key) ?? { taken: 0, endsAt: now + WINDOW_MS };
    this.#windows.set(key, window);
    window.taken += amount;
    return window.taken > this.#limit ? window.endsAt - now : 0;
  }

  /** Drops the windows that are over. */
  #forget(): void {
    const now = this.#now();
    for (const [key, { endsAt }] of this.#windows) {
      if (endsAt > now) return;
      this.#windows.delete(key);
    }
  }
}
