import type { Clock } from './clock.ts';

interface Timer {
  readonly dueAt: number;
  readonly callback: () => void;
}

/** Time is due a hair early rather than never: halves and thirds of milliseconds do not add up exactly. */
const TOLERANCE_MS = 1e-6;

/** A clock over another clock that can be stopped and run faster or slower, timers that already wait included. */
export class Timeline implements Clock {
  readonly #clock: Clock;
  readonly #timers = new Set<Timer>();
  #speed: number;
  #running = false;
  #anchor: { at: number; elapsed: number };
  #disarm: () => void = () => {};

  /** Starts stopped, at 0. */
  constructor(clock: Clock, speed: number) {
    this.#clock = clock;
    this.#speed = speed;
    this.#anchor = { at: clock.now(), elapsed: 0 };
  }

  get running(): boolean {
    return this.#running;
  }

  get speed(): number {
    return this.#speed;
  }

  set speed(speed: number) {
    this.#change(() => {
      this.#speed = speed;
    });
  }

  run(): void {
    this.#change(() => {
      this.#running = true;
    });
  }

  stop(): void {
    this.#change(() => {
      this.#running = false;
    });
  }

  /** Milliseconds that have passed on this timeline. */
  now(): number {
    const { at, elapsed } = this.#anchor;
    return this.#running ? elapsed + (this.#clock.now() - at) * this.#speed : elapsed;
  }

  /** Fires when the timeline gets there: not at all while it is stopped, even with `ms` 0. */
  setTimer(callback: () => void, ms: number): () => void {
    const timer = { dueAt: this.now() + Math.max(0, ms), callback };
    this.#timers.add(timer);
    this.#arm();
    return () => {
      if (this.#timers.delete(timer)) this.#arm();
    };
  }

  #change(apply: () => void): void {
    this.#anchor = { elapsed: this.now(), at: this.#clock.now() };
    apply();
    this.#arm();
  }

  #arm(): void {
    this.#disarm();
    this.#disarm = () => {};
    if (!this.#running || this.#timers.size === 0) return;
    const next = Math.min(...Array.from(this.#timers, ({ dueAt }) => dueAt));
    const wait = Math.max(0, (next - this.now()) / this.#speed);
    // Clocks count whole milliseconds; one too early would fire for nothing.
    this.#disarm = this.#clock.setTimer(() => this.#fire(), Math.ceil(wait - TOLERANCE_MS));
  }

  #fire(): void {
    const now = this.now() + TOLERANCE_MS;
    const due = [...this.#timers].filter(({ dueAt }) => dueAt <= now).sort((a, b) => a.dueAt - b.dueAt);
    for (const timer of due) if (this.#timers.delete(timer)) timer.callback();
    this.#arm();
  }
}
