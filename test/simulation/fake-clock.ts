import type { Clock, WorldClock } from '../../simulation/clock.ts';
import { settled } from '../support/turns.ts';

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
  readonly isOthers: boolean;
}

/** A clock that goes only when it is told to. */
export class FakeClock implements WorldClock {
  #now = 0;
  #order = 0;
  readonly #timers = new Set<Timer>();
  /** The same time, for others: their timers are not counted. */
  readonly forOthers: Clock = {
    now: () => this.#now,
    setTimer: (callback, ms) => this.#add({ callback, isOthers: true }, ms),
  };

  now(): number {
    return this.#now;
  }

  time(): number {
    return Date.UTC(2030, 0, 1) + this.#now;
  }

  /** Timers that wait. */
  get timers(): number {
    return [...this.#timers].filter(({ isOthers }) => !isOthers).length;
  }

  setTimer(callback: () => void, ms: number): () => void {
    return this.#add({ callback, isOthers: false }, ms);
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

  #add(what: Pick<Timer, 'callback' | 'isOthers'>, ms: number): () => void {
    const timer = { at: this.#now + ms, order: this.#order++, ...what };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }
}
