/** Ms of the longest timer there is: one for longer ends at once. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** @throws TypeError naming the option, where no timer measures its ms: NaN, below 0, or above {@link LONGEST_TIMER_MS} */
export function requireDelay(option: string, ms: number): void {
  if (ms >= 0 && ms <= LONGEST_TIMER_MS) return;
  throw new TypeError(`${option} must be 0 to ${LONGEST_TIMER_MS} ms, not ${ms}`);
}

/** @throws TypeError as {@link requireDelay}, and for 0: what is done again and again would be done all the time */
export function requireInterval(option: string, ms: number): void {
  if (ms > 0 && ms <= LONGEST_TIMER_MS) return;
  throw new TypeError(`${option} must be above 0 ms and at most ${LONGEST_TIMER_MS}, not ${ms}`);
}

/** A source of time: the machine's clock, or one that a test moves. */
export interface Clock {
  /** Ms since some moment. Never goes back, so only differences mean something. */
  now(): number;
  /** Calls `callback` once, after `ms`. Returns a function that cancels it. */
  setTimer(callback: () => void, ms: number): () => void;
}

/** The clock of this machine. */
export const systemClock: Clock = {
  now: () => performance.now(),
  setTimer(callback, ms) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

/** The clock of this machine, whose timers keep no process alive that has nothing else to do. */
export const idleClock: Clock = {
  ...systemClock,
  setTimer(callback, ms) {
    const timer = setTimeout(callback, ms);
    if (typeof timer === 'object') timer.unref(); // browsers have numbers
    return () => clearTimeout(timer);
  },
};

/** Resolves after `ms` of a clock. Rejects with the signal's reason when it is aborted first. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    let letGo: (() => void) | undefined;
    const cancel = clock.setTimer(() => {
      letGo?.();
      resolve();
    }, ms);
    letGo =
      signal &&
      onAbort(signal, () => {
        cancel();
        reject(signal.reason);
      });
  });
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

  /**
   * Resolves when it is time for a moment, Unix ms; at once for the first. One that lies before another does not wait.
   * Rejects with the signal's reason when it is aborted while a moment is waited for.
   */
  async until(moment: number, signal: AbortSignal | undefined): Promise<void> {
    const { speed, maxPauseMs } = this.#options;
    if (this.#latest === null) this.#due = this.#clock.now();
    else this.#due += Math.min(Math.max(0, moment - this.#latest) / speed, maxPauseMs);
    this.#latest = Math.max(this.#latest ?? moment, moment);
    for (let left = this.#left(); left > 0 && !signal?.aborted; left = this.#left()) {
      await sleep(this.#clock, Math.min(left, LONGEST_TIMER_MS), signal);
    }
  }

  #left(): number {
    return this.#due - this.#clock.now();
  }
}

/** The functions to call when a signal aborts, and the one listener that calls them. */
interface Waiting {
  readonly calls: Set<() => void>;
  readonly listener: () => void;
}

const waiting = new WeakMap<AbortSignal, Waiting>();

/**
 * Calls once when a signal aborts. A signal has one listener of ours, however many wait for it: with more than ten,
 * Node suspects a leak and warns, and to remove one of many takes a search. The listener goes with the last that waits:
 * Node keeps a signal of `AbortSignal.any` that has one, and all that the listener holds, until it aborts.
 *
 * @returns takes the call back; nothing happens where the signal is aborted already
 */
export function onAbort(signal: AbortSignal, call: () => void): () => void {
  if (signal.aborted) return () => {};
  const { calls, listener } = waiting.get(signal) ?? listen(signal);
  const once = (): void => call(); // of its own, so that one function may wait twice
  calls.add(once);
  return () => {
    if (!calls.delete(once) || calls.size > 0) return;
    signal.removeEventListener('abort', listener);
    waiting.delete(signal);
  };
}

function listen(signal: AbortSignal): Waiting {
  const calls = new Set<() => void>();
  const listener = (): void => {
    for (const call of calls) call();
    calls.clear();
  };
  const entry = { calls, listener };
  waiting.set(signal, entry);
  signal.addEventListener('abort', listener, { once: true });
  return entry;
}
