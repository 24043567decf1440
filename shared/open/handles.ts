import { withoutControlCharacters } from '../data/control-characters.ts';
import { EventsError } from '../errors.ts';
import type { Clock } from '../timing.ts';
import { MAX_GROWN, MAX_REASON } from './bounds.ts';
import { JoinedChanges } from './joined-changes.ts';
import type { BegunKind, SettledState, Settlement } from './open-part.ts';

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

/** An open event in the hands of its owner. The handle renews the lease by itself, until the event is settled or closed. */
export interface OpenHandle<Data = unknown> extends Readonly<BegunEvent> {
  /**
   * Appends to the text of a growing event. Pieces are joined for 50 ms and sent in order, without their control characters.
   * Nobody has to wait for it; {@link done} tells a failure.
   * @throws EventsError ALREADY_SETTLED, NOT_OPEN, CONFLICT, TOO_LARGE, FORBIDDEN
   */
  append(text: string): Promise<void>;
  /** Replaces the data of a presence; of several within 50 ms the last is sent. @throws EventsError as {@link append} */
  update(data: Data): Promise<void>;
  /** Settles a growing event, after all of its text. @throws EventsError as {@link append}; INVALID_EVENT: then it is still open */
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
}

/** Longest piece of text that is sent at once, in UTF-16 code units: with its call it fits a message of a WebSocket. */
const MAX_PIECE = 16 * 1024;

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
  readonly #options: HandleOptions;
  readonly #text: JoinedChanges<string>;
  readonly #data: JoinedChanges<unknown>;
  /** Length of the text that was sent. */
  #length: number;
  /** Length of the text that waits. */
  #waiting = 0;
  /** The first half of a surrogate pair, whose second half has not come yet. */
  #half = '';
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
    this.#length = begun.length ?? 0;
    this.#text = new JoinedChanges<string>(
      clock,
      (before = '', added) => before + added,
      (text) => this.#sendText(text),
    );
    this.#data = new JoinedChanges<unknown>(
      clock,
      (_, added) => added,
      async (data) => {
        await this.#ownCall(calls.update(data));
      },
      { areWhole: true },
    );
    if (begun.settled) this.#end();
    else this.#renewLater();
  }

  get length(): number | undefined {
    return this.#options.kind === 'growing' ? this.#length : undefined;
  }

  append(text: string): Promise<void> {
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

  async settle(state: SettledState, reason?: string): Promise<{ cursor: string }> {
    const half = this.#half;
    this.#half = '';
    if (half !== '') void this.#add(half);
    try {
      await this.#text.flush();
      await this.#data.flush();
    } catch (error) {
      // What was not taken cannot be done; to give it up is possible.
      if (state === 'done' || isOver(error)) throw error;
    }
    const why = reason && wellFormed(reason.slice(0, MAX_REASON));
    const settled = await this.#ownCall(this.#options.calls.settle(state, why));
    this.#end();
    return settled;
  }

  async close(): Promise<void> {
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

  #add(text: string): Promise<void> {
    if (text === '') return Promise.resolve();
    // No event has more text than may wait to be sent.
    if (this.#waiting + text.length > MAX_GROWN) return this.#text.fail(tooMuch());
    this.#waiting += text.length;
    return this.#text.add(wellFormed(text));
  }

  async #sendText(text: string): Promise<void> {
    for (let from = 0; from < text.length; ) {
      const most = Math.min(from + MAX_PIECE, text.length);
      const to = most < text.length && isHighSurrogate(text, most - 1) ? most - 1 : most;
      await this.#ownCall(this.#options.calls.append(this.#length, text.slice(from, to)));
      this.#length += to - from;
      this.#waiting -= to - from;
      from = to;
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
      if (await calls.touch()) return this.#renewLater();
    } catch (error) {
      if (isOver(error)) return this.#end();
      return this.#renewLater(leaseMs / 8); // in the half that is left there are some more chances
    }
    if (this.#ended) return;
    this.#end();
    onLost?.();
  }

  #end(): void {
    this.#ended = true;
    this.#renewal?.();
    this.#renewal = undefined;
  }
}

/** Codes of errors after which an event cannot be changed from here. */
const OVER = ['ALREADY_SETTLED', 'NOT_OPEN', 'FORBIDDEN', 'CLOSED'];

function isOver(error: unknown): boolean {
  return error instanceof EventsError && OVER.includes(error.code);
}

function isHighSurrogate(text: string, at: number): boolean {
  return (text.charCodeAt(at) & 0xfc00) === 0xd800;
}

/** A text in which each half of a surrogate pair that has no other half is a replacement character. */
function wellFormed(text: string): string {
  return text.replace(/\p{Cs}/gu, '\ufffd');
}

function tooMuch(): EventsError {
  return new EventsError(
    'TOO_LARGE',
    `More than ${MAX_GROWN} characters wait to be appended: wait for append, or settle the event and begin another.`,
  );
}
