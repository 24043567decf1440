import type { Clock } from '../timing.ts';
import { JOIN_MS } from './bounds.ts';

/** Changes that wait, joined, and whoever waits for them to be sent. */
interface Waiting<T> {
  changes: T;
  readonly sent: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Sends changes of one event in their order, one call at a time. The first goes at once; those that come within 50 ms of
 * it, or before it was answered, are joined into the next. Once a call has failed for good no other is made: what follows
 * on a change that is missing would be wrong.
 */
export class JoinedChanges<T> {
  readonly #clock: Clock;
  readonly #join: (waiting: T | undefined, added: T) => T;
  readonly #send: (changes: T) => Promise<void>;
  readonly #onIdle: () => void;
  readonly #isFinal: (error: unknown) => boolean;
  #waiting: Waiting<T> | undefined;
  #sending: Promise<void> | undefined;
  #cooling: (() => void) | undefined;
  #failure: { readonly error: unknown } | undefined;

  /**
   * @param join makes one of what waits and what is added to it
   * @param options.onIdle called when nothing waits, and what is added next goes at once
   * @param options.isFinal tells if no other call is made after one that failed so. Default: after any
   */
  constructor(
    clock: Clock,
    join: (waiting: T | undefined, added: T) => T,
    send: (changes: T) => Promise<void>,
    {
      onIdle = () => {},
      isFinal = () => true,
    }: { onIdle?: () => void; isFinal?: (error: unknown) => boolean } = {},
  ) {
    this.#clock = clock;
    this.#onIdle = onIdle;
    this.#isFinal = isFinal;
    this.#join = join;
    this.#send = send;
  }

  /** Resolves once it was sent. Nobody has to wait for it: a final failure is told by {@link flush}, too. */
  add(change: T): Promise<void> {
    if (this.#failure) return heard(Promise.reject(this.#failure.error));
    if (this.#waiting) this.#waiting.changes = this.#join(this.#waiting.changes, change);
    else this.#waiting = waiting(this.#join(undefined, change));
    const { sent } = this.#waiting;
    if (!this.#cooling) this.#next();
    return sent;
  }

  /** Nothing more is sent, as after a call that failed. @returns a rejection that nobody has to hear */
  fail(error: unknown): Promise<never> {
    this.#failure ??= { error };
    this.#waiting?.reject(error);
    this.#waiting = undefined;
    this.#cool();
    return heard(Promise.reject(error));
  }

  /** Sends what waits, at once. @throws the error of the call that failed for good */
  async flush(): Promise<void> {
    const isCooling = this.#cooling !== undefined;
    this.#cool();
    if (isCooling && !this.#sending && !this.#waiting) this.#onIdle(); // the timer would have said so
    while (this.#sending || (this.#waiting && !this.#failure)) {
      this.#next();
      await this.#sending;
    }
    if (this.#failure) throw this.#failure.error;
  }

  /** Sends what waits, unless something is on its way. */
  #next(): void {
    if (this.#sending || !this.#waiting) return;
    const { changes, resolve, reject } = this.#waiting;
    this.#waiting = undefined;
    this.#cool();
    this.#cooling = this.#clock.setTimer(() => {
      this.#cooling = undefined;
      this.#goOn();
    }, JOIN_MS);
    this.#sending = this.#send(changes).then(
      () => this.#sent(resolve),
      (error: unknown) => {
        if (this.#isFinal(error)) this.fail(error);
        this.#sent(() => reject(error));
      },
    );
  }

  #sent(tell: () => void): void {
    this.#sending = undefined;
    tell();
    if (!this.#cooling) this.#goOn();
  }

  #goOn(): void {
    this.#next();
    if (!this.#sending) this.#onIdle();
  }

  #cool(): void {
    this.#cooling?.();
    this.#cooling = undefined;
  }
}

function waiting<T>(changes: T): Waiting<T> {
  let resolve: () => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const sent = new Promise<void>((onSent, onFailure) => {
    resolve = onSent;
    reject = onFailure;
  });
  return { changes, sent: heard(sent), resolve, reject };
}

/** A promise whose failure may go unheard. */
function heard<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
