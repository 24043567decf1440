import { LONGEST_TIMER_MS } from './longest-timer.ts';

/** A source of time for replays: the machine's clock, or one that a test moves. */
export interface Clock {
  /** Ms since any moment. */
  now(): number;
  /** Ends early when the signal aborts. */
  sleep(ms: number, signal: AbortSignal | undefined): Promise<void>;
}

/** The speed at which moments pass. */
export interface PaceOptions {
  /** A factor: 2 is twice as fast as it was. */
  speed: number;
  /** Most ms between two; Infinity for as long as it was. */
  maxPauseMs: number;
}

/**
 * Lets moments pass in the intervals they had. Who comes late catches up: an hour takes an hour, however slow the
 * reader was now and then.
 */
export class Pace {
  readonly #clock: Clock;
  readonly #options: PaceOptions;
  #latest: number | null = null;
  #due = 0;

  constructor(clock: Clock, options: PaceOptions) {
    this.#clock = clock;
    this.#options = options;
  }

  /** Resolves when it is time for a moment, Unix ms, or the signal aborts; at once for the first. One that lies before another does not wait. */
  async until(moment: number, signal: AbortSignal | undefined): Promise<void> {
    const { speed, maxPauseMs } = this.#options;
    if (this.#latest === null) this.#due = this.#clock.now();
    else this.#due += Math.min(Math.max(0, moment - this.#latest) / speed, maxPauseMs);
    this.#latest = Math.max(this.#latest ?? moment, moment);
    for (let left = this.#left(); left > 0 && !signal?.aborted; left = this.#left()) {
      await this.#clock.sleep(Math.min(left, LONGEST_TIMER_MS), signal);
    }
  }

  #left(): number {
    return this.#due - this.#clock.now();
  }
}
