import { EventsError, isRetryable } from '../../shared/errors.ts';
import type { OpenHandle } from '../../shared/open/handles.ts';
import { closedError, toError } from '../failures/errors.ts';
import { fullJitter, pause } from '../failures/retry.ts';
import type { Membership } from './open-types.ts';

/**
 * Begins a presence.
 * @param onLost called once, when it is found not to be open any more
 * @param left ends the renewals of its lease
 */
export type Begin<Data> = (data: Data, onLost: () => void, left: AbortSignal) => Promise<OpenHandle<Data>>;

/** Parts of a {@link Member}. */
interface MemberOptions<Data> {
  begin: Begin<Data>;
  data: Data;
  /** Takes the error for which it cannot join again. */
  report: (error: Error) => void;
  /** False: the server cannot be told that it leaves. */
  isConnected: () => boolean;
  onClosed: (member: Member<Data>) => void;
}

/**
 * A presence that lasts as long as it is wanted. One that was lost, since its page slept or its server lost its log, is begun
 * again once the page is looked at.
 */
export class Member<Data> implements Membership<Data> {
  readonly #options: MemberOptions<Data>;
  #data: Data;
  /** Data that the handle's event was begun with. */
  #joinedWith: Data | undefined;
  #handle: OpenHandle<Data> | undefined;
  #closing: Promise<void> | undefined;
  #rejoining: Promise<void> | undefined;
  readonly #left = new AbortController();

  constructor(options: MemberOptions<Data>) {
    this.#options = options;
    this.#data = options.data;
  }

  get id(): string {
    return this.#handle?.id ?? '';
  }

  /** Joins. @throws EventsError why it could not */
  async join(): Promise<this> {
    const data = this.#data;
    const { signal } = this.#left;
    const handle = await this.#options.begin(data, () => void this.#rejoin(), signal);
    this.#joinedWith = data;
    this.#handle = handle;
    // It was left meanwhile.
    if (this.#closing) await handle.close();
    return this;
  }

  async update(data: Data): Promise<void> {
    if (this.#closing) throw new EventsError('ALREADY_SETTLED', 'The member has left: join again.');
    const before = this.#data;
    this.#data = data;
    const handle = this.#handle;
    try {
      await handle?.update(data);
    } catch (error) {
      if (!isLost(error)) {
        // Data that was refused would be refused at joining again.
        if (!isRetryable(error) && this.#data === data) this.#data = before;
        throw error;
      }
      if (this.#handle === handle) await this.#rejoin();
      // It may have joined again before it heard of this.
      if (this.#joinedWith !== this.#data) await this.#handle?.update(this.#data);
    }
  }

  /** Leaves; whoever calls it again waits for the same. */
  close(): Promise<void> {
    // Until it is over a client that is closed waits for it too.
    this.#closing ??= this.#leave().finally(() => this.#options.onClosed(this));
    return this.#closing;
  }

  async #leave(): Promise<void> {
    this.#left.abort(closedError());
    if (!this.#options.isConnected()) return; // its lease tells it
    await this.#rejoining; // what is begun meanwhile would be there until its lease is over
    await this.#handle?.close();
  }

  /** Joins again, once for all who found that it was lost. */
  #rejoin(): Promise<void> {
    this.#rejoining ??= this.#joinAgain().finally(() => {
      this.#rejoining = undefined;
    });
    return this.#rejoining;
  }

  async #joinAgain(): Promise<void> {
    for (let retry = 0; ; retry++) {
      await untilSeen(this.#left.signal);
      if (this.#closing) return;
      try {
        await this.join();
        return;
      } catch (cause) {
        if (this.#closing) return;
        const error = toError(cause);
        if (!isRetryable(error)) return this.#options.report(error);
        await pause(fullJitter(retry), this.#left.signal);
      }
    }
  }
}

function isLost(error: unknown): boolean {
  return error instanceof EventsError && (error.code === 'ALREADY_SETTLED' || error.code === 'NOT_OPEN');
}

/** Resolves when the page is looked at, at once where there is none. A page that sleeps would be lost again and again. */
async function untilSeen(signal: AbortSignal): Promise<void> {
  const page = globalThis.document;
  if (page?.visibilityState !== 'hidden') return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      if (page.visibilityState === 'hidden' && !signal.aborted) return;
      page.removeEventListener('visibilitychange', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    page.addEventListener('visibilitychange', done);
    signal.addEventListener('abort', done);
  });
}
