import { EventsError, isRetryable } from '../../shared/errors.ts';
import { LONGEST_TIMER_MS, onAbort } from '../../shared/timing.ts';
import { toClientError } from './errors.ts';

const FIRST_MS = 1000;
const MOST_MS = 20_000;
/** Advice to a publisher: of an event that may have been sent, and of one that was not. */
const STORED = ' The event may have been stored: publish it again with the same idempotencyKey.';
const UNSENT = ' The event was not sent: no connection was made.';

/**
 * A random wait before a retry, in ms: between 0 and a bound of 1 s that doubles with each retry, up to 20 s [D12]. It has
 * full jitter from the first retry on, so that clients that lost a server together do not come back together.
 *
 * @param retry 0 for the first
 */
export function fullJitter(retry: number): number {
  return Math.floor(Math.random() * Math.min(MOST_MS, FIRST_MS * 2 ** retry));
}

/** Bounds of trying again. */
export interface RetryOptions {
  /** Ms until it is given up. Default 10 000. */
  timeoutMs?: number | undefined;
  /** Gives it up at once, with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** Details that the error of {@link withRetry} tells when its time is over. */
interface Telling {
  /** Why it waits, where no try of it was answered: that knows more than the end of a socket. */
  whyNot?: () => Error | null;
  /** Advice for a call that was not answered. Default: for a publish. */
  advice?: string | undefined;
  /** Tells if a try that failed may have been sent nevertheless, by its error. Default: it may. */
  maySend?: (cause: unknown) => boolean;
}

/**
 * Runs something that may be run twice until it succeeds, fails for good, or its time is over.
 *
 * @throws EventsError when the time is over: the code of the last try, or UNAVAILABLE; the signal's reason; what `run`
 * failed with for good
 */
export async function withRetry<T>(
  run: (signal: AbortSignal) => Promise<T>,
  { timeoutMs = 10_000, signal }: RetryOptions = {},
  { whyNot, advice, maySend = () => true }: Telling = {},
): Promise<T> {
  signal?.throwIfAborted();
  if (!(timeoutMs >= 0 && timeoutMs <= LONGEST_TIMER_MS)) {
    throw new EventsError(
      'INVALID_OPTION',
      `timeoutMs must be 0 to ${LONGEST_TIMER_MS} ms, not ${timeoutMs}`,
    );
  }
  const abort = new AbortController();
  const giveUp = (): void => abort.abort();
  const timer = setTimeout(giveUp, timeoutMs);
  const letGo = signal && onAbort(signal, giveUp);
  const aborted = new Promise<never>((_, reject) => {
    abort.signal.addEventListener('abort', () => reject(abort.signal.reason));
  });
  let last: Error | undefined;
  let isSent = false;
  try {
    for (let retry = 0; ; retry++) {
      try {
        return await Promise.race([run(abort.signal), aborted]);
      } catch (cause) {
        if (!abort.signal.aborted) last = toClientError(cause);
        isSent ||= maySend(cause);
      }
      if (last && !isRetryable(last)) throw last;
      await pause(
        fullJitter(retry) + (last instanceof EventsError ? (last.retryAfterMs ?? 0) : 0),
        abort.signal,
      );
      signal?.throwIfAborted();
      if (abort.signal.aborted) {
        const why = last && !isUnanswered(last) ? last : (whyNot?.() ?? last);
        throw outOfTime(timeoutMs, why, advice ?? (isSent ? STORED : UNSENT));
      }
    }
  } finally {
    clearTimeout(timer);
    letGo?.();
    giveUp(); // a try that is still waiting to be sent must not be sent after the call has failed
  }
}

function isUnanswered(error: Error): boolean {
  return error instanceof EventsError && error.code === 'UNAVAILABLE';
}

function outOfTime(timeoutMs: number, last: Error | null | undefined, advice: string): EventsError {
  if (last instanceof EventsError && !isUnanswered(last)) {
    return new EventsError(last.code, `Gave up after ${timeoutMs} ms: ${last.message}`, { cause: last });
  }
  const why = last ? ` The last try failed: ${last.message}` : '';
  return new EventsError('UNAVAILABLE', `No answer within ${timeoutMs} ms.${advice}${why}`, {
    cause: last ?? undefined,
  });
}

/** Resolves after `ms`, or as soon as `signal` aborts. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
    if (signal.aborted) done();
  });
}
