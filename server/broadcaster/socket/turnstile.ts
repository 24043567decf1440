import { UNANSWERED_BYTES } from '../core/limits.ts';
import type { RunningCalls } from '../core/running-calls.ts';
import type { Backlog } from './backlog.ts';

/**
 * Calls that may stand in line before nothing more is read from their client. Each is some KB, beside its own bytes, that
 * the collector of garbage has to copy: with the lines of a hundred clients it holds the event loop for longer than all of
 * their calls do.
 */
const MAX_LINE = 64;

/**
 * Lets a number of one client's queries and mutations run at a time, and starts none while that client is behind with
 * taking its answers. The others stand in line: a few bytes of requests must not make megabytes of answers at once, and
 * requests that wait must not occupy megabytes themselves.
 */
export class Turnstile {
  readonly #backlog: Backlog;
  readonly #limit: number;
  readonly #ofAll: RunningCalls;
  #running = 0;
  #line: (() => void)[] = [];
  /** Bytes of the calls in line and of those that run. */
  #bytes = 0;
  /** Called when the next call ends. */
  #onEnd: (() => void)[] = [];

  /** @param limit calls that run at a time; fewer while very many `ofAll` clients do */
  constructor(backlog: Backlog, limit: number, ofAll: RunningCalls) {
    this.#backlog = backlog;
    this.#limit = limit;
    this.#ofAll = ofAll;
  }

  /** Tells if so much waits or runs that nothing more should be read. */
  get crowded(): boolean {
    return this.#line.length >= MAX_LINE || this.#bytes > UNANSWERED_BYTES;
  }

  /** Resolves when half of the line has room: not for each call that ends. Never rejects. */
  async calm(): Promise<void> {
    while (this.crowded || this.#line.length > MAX_LINE / 2)
      await new Promise<void>((resolve) => this.#onEnd.push(resolve));
  }

  /** Runs a call when it is its turn. @param bytes size of the call as it was sent */
  async pass<T>(call: () => Promise<T>, bytes: number): Promise<T> {
    this.#bytes += bytes;
    if (this.#line.length === 0 && this.#hasRoom) this.#begin();
    else {
      const turn = new Promise<void>((resolve) => this.#line.push(resolve));
      this.#next();
      await turn;
    }
    try {
      if (this.#backlog.full) await this.#backlog.drained();
      return await call();
    } finally {
      this.#bytes -= bytes;
      this.#running -= 1;
      this.#ofAll.ended();
      this.#next();
      for (const tell of this.#onEnd.splice(0)) tell();
    }
  }

  get #hasRoom(): boolean {
    return this.#running < this.#limit && this.#ofAll.haveRoom(this.#running);
  }

  #begin(): void {
    this.#running += 1;
    this.#ofAll.began();
  }

  /** Lets those in line pass for whom there is room. */
  #next(): void {
    while (this.#line.length > 0 && this.#hasRoom) {
      this.#begin();
      this.#line.shift()?.();
    }
  }
}
