import type { Backlog } from './backlog.ts';

/** Calls that may stand in line before nothing more is read from their client. */
const MAX_LINE = 1_000;

/**
 * Lets a number of one client's queries and mutations run at a time, and starts none while that client is behind with
 * taking its answers. The others stand in line: a few bytes of requests must not make megabytes of answers at once.
 */
export class Turnstile {
  readonly #backlog: Backlog;
  #free: number;
  #line: (() => void)[] = [];

  constructor(backlog: Backlog, maxConcurrentCalls: number) {
    this.#backlog = backlog;
    this.#free = maxConcurrentCalls;
  }

  /** Whether so many stand in line that nothing more should be read. */
  get crowded(): boolean {
    return this.#line.length >= MAX_LINE;
  }

  /** Runs a call when it is its turn. */
  async pass<T>(call: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#line.push(resolve));
    try {
      if (this.#backlog.full) await this.#backlog.drained();
      return await call();
    } finally {
      const next = this.#line.shift();
      if (next) next();
      else this.#free += 1;
    }
  }
}
