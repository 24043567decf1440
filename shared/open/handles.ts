import { withoutControlCharacters } from '../data/control-characters.ts';
import { EventsError, isRetryable } from '../errors.ts';
import type { Clock } from '../timing.ts';
import { isOver, tooMuch, unsentError } from './append-errors.ts';
import { MAX_GROWN, MAX_REASON } from './bounds.ts';
import { JoinedChanges } from './joined-changes.ts';
import type { BegunKind, SettledState, Settlement } from './open-part.ts';
import { firstPiece, isHighSurrogate, wellFormed } from './pieces.ts';

/** The answer to a beginning. */
export interface BegunEvent {
  /** The place of its opening; of a presence, that of the last record then. */
  cursor: string;
  id: string;
  /** Its owner's secret, or the name that its owner gave it: whoever changes it has to name it. */
  key: string;
  /** True if it had been begun before, by the same key. */
  resumed: boolean;
  /** Its settlement, where it had been settled before. */
  settled?: Settlement | undefined;
  /** Length of a growing event's text now, in UTF-16 code units. */
  length?: number | undefined;
}

/** The calls that a handle makes for its event: a client's go over its connection. */
export interface OpenCalls {
  append(at: number, text: string): Promise<{ length: number }>;
  update(data: unknown): Promise<unknown>;
  /** Renews the lease. @returns false where the event is not open any more */
  touch(): Promise<boolean>;
  settle(state: SettledState, reason: string | undefined): Promise<{ cursor: string }>;
}

/**
 * An open event in the hands of its owner. The handle renews the lease by itself, until the event is settled or closed. Printed,
 * or as JSON, it has `length`, and not `key`, which is a secret.
 */
export interface OpenHandle<Data = unknown> extends Readonly<BegunEvent> {
  /**
   * Appends to the text of a growing event. Pieces are joined for 50 ms and sent in order, without their control characters.
   * Nobody has to wait for it; {@link done} tells a failure that is final. Text that was not taken for a passing reason
   * (UNAVAILABLE, OVERLOADED, RATE_LIMITED, TOKEN_EXPIRED) is kept, and sent with the next append, with `done` or `abort`.
   * All other failures are final, and each later call tells the first of them. After ALREADY_SETTLED, NOT_OPEN, FORBIDDEN and
   * CLOSED the handle is over; after CONFLICT, TOO_LARGE and others `abort` works, and `begin` with its key gives a handle that
   * goes on from the `length` that there is.
   * @throws EventsError those; TypeError, at once, for what is no string: nothing of it is sent, and the handle goes on
   */
  append(text: string): Promise<void>;
  /** Replaces the data of a presence; of several within 50 ms the last is sent. @throws EventsError as {@link append} */
  update(data: Data): Promise<void>;
  /** Settles a growing event, after all of its text. Call it again after a failure that passes. @throws EventsError as {@link append}; INVALID_EVENT: then it is still open */
  done(): Promise<{ cursor: string }>;
  /** Settles a growing event as `aborted`, with the text that it has. Of a reason 1000 characters are told. @throws EventsError as {@link append} */
  abort(reason?: string): Promise<{ cursor: string }>;
  /** Settles it: a question as `withdrawn`, a presence as `left`. @throws EventsError as {@link append} */
  settle(state: SettledState, reason?: string): Promise<{ cursor: string }>;
  /**
   * Lets go of it: a presence leaves, a growing event that is not settled is aborted, a question goes on waiting. Never
   * rejects: what cannot be told now, the end of the lease tells. Idempotent.
   */
  close(): Promise<void>;
}

/** Parts of a handle. */
export interface HandleOptions {
  kind: BegunKind;
  begun: BegunEvent;
  /** Ms of its lease; renewed at half of it. A question has none. */
  leaseMs: number;
  calls: OpenCalls;
  clock: Clock;
  /** Called once, when it is found not to be open any more: its log was lost, or its lease was over. */
  onLost?: (() => void) | undefined;
  /** Called once, when it is settled, closed or lost: its lease is not renewed any more. */
  onEnd?: ((handle: OpenHandle) => void) | undefined;
}

/** Makes the handle of an event that was begun. */
export function openHandle<Data>(options: HandleOptions): OpenHandle<Data> {
  return new Handle<Data>(options);
}

class Handle<Data> implements OpenHandle<Data> {
  readonly cursor: string;
  readonly id: string;
  readonly key: string;
  readonly resumed: boolean;
  readonly settled: Settlement | undefined;
  /** Length of the text that was taken. */
  length: number | undefined;
  readonly #options: HandleOptions;
  readonly #text: JoinedChanges<string>;
  readonly #data: JoinedChanges<unknown>;
  /** Length of the text that waits, with what is kept. */
  #waiting = 0;
  /** Text on its way, or kept after a failure. */
  #unsent = '';
  /**
   * Length of its first piece, where that was tried before: it may be there already, and only sent again as it was is it
   * taken for the same [O4].
   */
  #tried = 0;
  /** State of a settlement that was tried, of which nobody knows how it ended. */
  #settling: SettledState | undefined;
  /** The first half of a surrogate pair, whose second half has not come yet. */
  #half = '';
  /** Resolves once the last try to settle it is over. */
  #lastTry: Promise<unknown> | undefined;
  #ended = false;
  #renewal: (() => void) | undefined;

  constructor(options: HandleOptions) {
    const { begun, calls, clock } = options;
    this.#options = options;
    this.cursor = begun.cursor;
    this.id = begun.id;
    this.key = begun.key;
    this.resumed = begun.resumed;
    this.settled = begun.settled;
    this.length = options.kind === 'growing' ? (begun.length ?? 0) : undefined;
    Object.defineProperty(this, 'key', { enumerable: false }); // a secret: not for logs
    this.#text = new JoinedChanges<string>(
      clock,
      (before = '', added) => before + added,
      (text) => this.#sendText(text),
      { isFinal: (error) => !isRetryable(error) },
    );
    this.#data = new JoinedChanges<unknown>(
      clock,
      (_, added) => added,
      async (data) => {
        await this.#ownCall(calls.update(data));
      },
      { isFinal: () => false }, // each is whole
    );
    if (begun.settled) this.#end();
    else this.#renewLater();
  }

  append(text: string): Promise<void> {
    if (typeof text !== 'string') throw new TypeError(`append: a text is a string, not ${text}`);
    const whole = withoutControlCharacters(this.#half + text);
    const end = isHighSurrogate(whole, whole.length - 1) ? whole.length - 1 : whole.length;
    this.#half = whole.slice(end);
    return this.#add(whole.slice(0, end));
  }

  update(data: Data): Promise<void> {
    return this.#data.add(data);
  }

  done(): Promise<{ cursor: string }> {
    return this.settle('done');
  }

  abort(reason?: string): Promise<{ cursor: string }> {
    return this.settle('aborted', reason);
  }

  settle(state: SettledState, reason?: string): Promise<{ cursor: string }> {
    const settled = this.#settleAfterText(state, reason);
    this.#lastTry = settled.catch(() => {});
    return settled;
  }

  async #settleAfterText(state: SettledState, reason: string | undefined): Promise<{ cursor: string }> {
    const half = this.#half;
    this.#half = '';
    if (half !== '') void this.#add(half);
    try {
      const last = this.#waiting > 0 ? this.#text.add('') : undefined; // with what is kept
      await this.#text.flush();
      await this.#data.flush();
      await last;
    } catch (error) {
      // What was not taken cannot be done; to give it up is possible.
      if (state === 'done' || isOver(error)) throw error;
    }
    const why = reason && wellFormed(reason.slice(0, MAX_REASON));
    const settled = await this.#settleOnce(state, why);
    this.#end();
    return settled;
  }

  async close(): Promise<void> {
    await this.#lastTry; // what was asked for before goes first
    if (this.#ended) return;
    const { kind } = this.#options;
    try {
      if (kind !== 'question') await this.settle(kind === 'presence' ? 'left' : 'aborted');
    } catch {
      // Its lease tells it, if nobody has settled it.
    } finally {
      this.#end();
    }
  }

  async #settleOnce(state: SettledState, reason: string | undefined): Promise<{ cursor: string }> {
    try {
      return await this.#ownCall(this.#options.calls.settle(state, reason));
    } catch (error) {
      const settled = error instanceof EventsError ? error.settled : undefined;
      if (settled && settled.state === this.#settling) return { cursor: settled.cursor };
      if (isRetryable(error)) this.#settling = state;
      throw error;
    }
  }

  #add(text: string): Promise<void> {
    if (text === '') return Promise.resolve();
    // No event has more text than may wait to be sent.
    if (this.#waiting + text.length > MAX_GROWN) return this.#text.fail(tooMuch());
    this.#waiting += text.length;
    return this.#text.add(wellFormed(text));
  }

  /** Sends text after what was kept. What is not taken is kept, and goes with the next. */
  async #sendText(text: string): Promise<void> {
    this.#unsent += text;
    while (this.#unsent !== '') {
      this.#tried ||= firstPiece(this.#unsent);
      const piece = this.#unsent.slice(0, this.#tried);
      try {
        await this.#ownCall(this.#options.calls.append(this.length ?? 0, piece));
      } catch (error) {
        throw unsentError(error);
      }
      this.#unsent = this.#unsent.slice(piece.length);
      this.#tried = 0;
      this.length = (this.length ?? 0) + piece.length;
      this.#waiting -= piece.length;
    }
  }

  /** A call that renews the lease. */
  async #ownCall<T>(call: Promise<T>): Promise<T> {
    try {
      const answer = await call;
      this.#renewLater();
      return answer;
    } catch (error) {
      if (isOver(error)) this.#end();
      throw error;
    }
  }

  /** Renews the lease when half of it is over. A question has a deadline instead. */
  #renewLater(ms = this.#options.leaseMs / 2): void {
    this.#renewal?.();
    this.#renewal = undefined;
    if (this.#ended || this.#options.kind === 'question') return;
    this.#renewal = this.#options.clock.setTimer(() => void this.#renew(), ms);
  }

  async #renew(): Promise<void> {
    const { calls, leaseMs, onLost } = this.#options;
    try {
      if (await calls.touch()) {
        if (this.#unsent !== '') void this.#text.add(''); // the server is back
        return this.#renewLater();
      }
    } catch (error) {
      if (isOver(error)) return this.#end();
      return this.#renewLater(leaseMs / 8); // in the half that is left there are some more chances
    }
    if (this.#ended) return;
    this.#end();
    onLost?.();
  }

  #end(): void {
    if (!this.#ended) this.#options.onEnd?.(this);
    this.#ended = true;
    this.#renewal?.();
    this.#renewal = undefined;
  }
}
