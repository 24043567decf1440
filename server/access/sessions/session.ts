import { EventsError } from '../../../shared/errors.ts';
import { LONGEST_TIMER_MS } from '../../../shared/timing.ts';
import { unauthenticated } from '../tokens/authenticate.ts';
import type { Subject } from '../tokens/subject.ts';

/** The session of a subject: it lasts as long as one connection, or one request. */
export class Session {
  readonly subject: Subject;
  readonly #now: () => number;
  readonly #onClose: (session: Session) => void;
  readonly #ended = new AbortController();
  /** Time of expiry by `performance.now()`: setting the clock back cannot make a session longer. */
  readonly #endsAt: number;
  #timer: NodeJS.Timeout | undefined;

  /** @throws EventsError TOKEN_EXPIRED */
  constructor(subject: Subject, now: () => number, onClose: (session: Session) => void) {
    this.subject = subject;
    this.#now = now;
    this.#onClose = onClose;
    this.#endsAt = performance.now() + this.#leftByClock;
    this.assertActive();
    this.#watchExpiry();
  }

  /** Aborts when the session expires or is revoked, not when it is closed. Its reason is the error to answer with. */
  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  /** Ms until it expires; Infinity if it does not. */
  get leftMs(): number {
    return Math.min(this.#leftByClock, this.#endsAt - performance.now());
  }

  get #leftByClock(): number {
    return (this.subject.expiresAt ?? Number.POSITIVE_INFINITY) - this.#now();
  }

  /** @throws EventsError TOKEN_EXPIRED, or UNAUTHENTICATED once it was revoked */
  assertActive(): void {
    if (!(this.leftMs > 0)) this.#end(expired());
    this.signal.throwIfAborted();
  }

  /** Ends the session, so that all that uses it stops. */
  revoke(): void {
    this.#end(unauthenticated('The session was revoked.'));
  }

  /** Releases the session: its connection or request is over. */
  close(): void {
    clearTimeout(this.#timer);
    this.#onClose(this);
  }

  #end(reason: EventsError): void {
    this.close();
    this.#ended.abort(reason);
  }

  #watchExpiry(): void {
    const left = this.leftMs;
    if (left === Number.POSITIVE_INFINITY) return;
    if (left <= 0) this.#end(expired());
    else this.#timer = setTimeout(() => this.#watchExpiry(), Math.min(left, LONGEST_TIMER_MS)).unref();
  }
}

function expired(): EventsError {
  return new EventsError('TOKEN_EXPIRED', 'The token expired.');
}

/** The session in a tRPC context; undefined without authentication. */
export function sessionOf(context: unknown): Session | undefined {
  if (typeof context !== 'object' || context === null || !('session' in context)) return undefined;
  return context.session instanceof Session ? context.session : undefined;
}

/** The id under which a tRPC context publishes: its session's subject. Undefined where nobody is authenticated [V6]. */
export function publisherOf(context: unknown): string | undefined {
  const subject = sessionOf(context)?.subject;
  return subject?.anonymous ? undefined : subject?.id;
}
