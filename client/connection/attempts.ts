import { fullJitter, pause } from '../failures/retry.ts';
import type { ConnectionEvent } from './connection-state.ts';

/** The cause of an attempt's failure when another one takes its place: no connection is lost by that. */
export const REPLACED = Symbol('replaced');

/** Attempts to connect: one at a time, and each but the first after a wait with full jitter [D12]. */
export class Attempts {
  /** Attempts since the server last showed that it takes us, the first one left out. */
  retries = 0;
  /** When the next attempt begins, Unix ms; null when none is waiting. */
  nextRetryAt: number | null = null;
  /** True if the next attempt is the same one by another way: it needs no wait. */
  atOnce = false;
  /** Ms that a server asked to wait at least before the next attempt. */
  askedMs = 0;
  /** Ends the wait, if there is one. */
  hurry: () => void = () => {};
  readonly #apply: (event: ConnectionEvent) => void;
  readonly #prepare: () => Promise<string>;
  /** The attempt under way, until it has its address. */
  #current: Promise<string> | null = null;
  /** Refuses the address to the last one that asked for it. */
  #replace: (reason: symbol) => void = () => {};
  #started = false;

  /**
   * @param apply is told of waits
   * @param prepare resolves with the address; called when the wait is over
   */
  constructor(apply: (event: ConnectionEvent) => void, prepare: () => Promise<string>) {
    this.#apply = apply;
    this.#prepare = prepare;
  }

  /**
   * Resolves with the address when an attempt may begin. tRPC's client asks twice if it is given a request while its
   * socket closes: to send the request, and again when the socket has closed. Both get one attempt, with one wait and one
   * token. The second makes it, since it resumes the subscriptions of the lost socket; the first is refused the address,
   * and tRPC's client then sends the request on the second's socket.
   */
  next(): Promise<string> {
    this.#replace(REPLACED);
    this.#current ??= this.#begin().finally(() => {
      this.#current = null;
    });
    const refused = new Promise<never>((_, reject) => {
      this.#replace = reject;
    });
    return Promise.race([this.#current, refused]);
  }

  /**
   * The server has let us in, perhaps by another way than the one that was asked to wait: a later loss has nothing to do with
   * that.
   * @param again true if another attempt is to follow at once
   */
  admitted(again: boolean): void {
    this.askedMs = 0;
    this.atOnce ||= again;
  }

  async #begin(): Promise<string> {
    if (this.#started && !this.atOnce) await this.#wait(this.retries++);
    this.#started = true;
    this.atOnce = false;
    return this.#prepare();
  }

  /** Waits before a retry, and before a client moves to another node because its server asked it to. */
  async #wait(retry: number): Promise<void> {
    const ms = fullJitter(retry) + this.askedMs;
    this.askedMs = 0;
    const ended = new AbortController();
    this.hurry = () => ended.abort();
    this.nextRetryAt = Date.now() + ms;
    this.#apply({ type: 'waiting', attempt: retry + 1, nextRetryAt: this.nextRetryAt });
    await pause(ms, ended.signal);
    this.nextRetryAt = null;
    this.#apply({ type: 'trying' });
  }
}
