import { setTimeout as sleep } from 'node:timers/promises';
import type { DeliveryChecker } from './delivery-checker.ts';

const RETRY_MS = 50;

/** Publishers, and the events that they publish. */
export interface Load {
  publishers: number;
  /** Events of all publishers together. */
  perSecond: number;
}

export interface PublishersOptions extends Load {
  /** Publishes the message of a publisher. One that rejects is called again with the same message: it has one key. */
  send: (message: string, publisher: number) => Promise<unknown>;
  /** Is told of what a publisher's readers have to get. */
  checkerOf: (publisher: number) => DeliveryChecker;
}

/** Publishers, each one event at a time when it is due, tried again until it is answered. */
export class Publishers implements AsyncDisposable {
  /** Publishes that were refused or not answered in time, and tried again. */
  refused = 0;
  /** Publishes that were refused and are to be tried again: the log may hold them, though nobody acknowledged them. */
  retrying = 0;
  /** Why the last one was. */
  lastError: unknown;
  /** The longest that one of them took to be answered or refused, in ms. */
  longestMs = 0;
  readonly #options: PublishersOptions;
  #running = true;
  readonly #done: Promise<unknown>;

  constructor(options: PublishersOptions) {
    this.#options = options;
    this.#done = Promise.all(Array.from({ length: options.publishers }, (_, index) => this.#run(index)));
  }

  /** Resolves once no publish is under way. One that was refused is tried no more: nobody waits for it. */
  async stop(): Promise<void> {
    this.#running = false;
    await this.#done;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #run(index: number): Promise<void> {
    const { publishers, perSecond } = this.#options;
    const intervalMs = (1000 * publishers) / perSecond;
    let due = performance.now() + (intervalMs * index) / publishers; // in turns, not all at once
    for (let counter = 0; this.#running; counter++) {
      await sleep(Math.max(0, due - performance.now()));
      await this.#publish(index, counter);
      due = Math.max(due + intervalMs, performance.now() - intervalMs); // late, it does not catch up for long
    }
  }

  async #publish(index: number, counter: number): Promise<void> {
    const publisher = `p${index}`;
    for (let wasRefused = false; this.#running; wasRefused = true) {
      const since = performance.now();
      const refusal = await this.#options.send(`${publisher}:${counter}`, index).then(
        () => null,
        (error: unknown) => ({ error }),
      );
      this.longestMs = Math.max(this.longestMs, performance.now() - since);
      if (wasRefused) this.retrying--;
      if (refusal === null) {
        this.#options.checkerOf(index).acknowledge(publisher, counter);
        return;
      }
      this.refused++;
      this.retrying++;
      this.lastError = refusal.error;
      await sleep(RETRY_MS); // a refusal for good is one each time: it is in the report
    }
  }
}
