import type { WorldClock } from '../../simulation/clock.ts';

/** A clock that goes only when it is told to. */
export class FakeClock implements WorldClock {
  #now = 0;
  #order = 0;
  readonly #timers = new Set<{ at: number; order: number; callback: () => void }>();

  now(): number {
    return this.#now;
  }

  time(): number {
    return Date.UTC(2030, 0, 1) + this.#now;
  }

  /** Timers that wait. */
  get timers(): number {
    return this.#timers.size;
  }

  setTimer(callback: () => void, ms: number): () => void {
    const timer = { at: this.#now + ms, order: this.#order++, callback };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /** Lets `ms` pass, one timer after the other; all that a timer sets off is done before the next. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settled();
    for (;;) {
      const [next] = [...this.#timers].sort((a, b) => a.at - b.at || a.order - b.order);
      if (!next || next.at > end) break;
      this.#now = Math.max(this.#now, next.at);
      this.#timers.delete(next);
      next.callback();
      await settled();
    }
    this.#now = end;
  }
}

/** All that was going on in this process without waiting for time or a network is over. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
