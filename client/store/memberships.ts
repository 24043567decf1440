import type { AnyCatalog } from '../../shared/catalog.ts';
import { isRetryable } from '../../shared/errors.ts';
import type { EventInput, OpenName } from '../../shared/events.ts';
import { encodePlainly } from '../../shared/wire/transformer.ts';
import type { EventsClient } from '../client-types.ts';
import { toError } from '../failures/errors.ts';
import { fullJitter } from '../failures/retry.ts';
import type { Membership } from '../open/open-types.ts';

/** One member of a topic, for all components that join it. */
interface Shared {
  /** Data of each that joined; the last counts. */
  readonly users: Map<symbol, unknown>;
  membership: Membership | null;
  /** The data that was sent. */
  data: unknown;
  leaving: ReturnType<typeof setTimeout> | undefined;
  hasLeft: boolean;
}

/** Memberships that components share. One that is left stays for a moment, for a component that is mounted again. */
export class Memberships<C extends AnyCatalog> {
  readonly #client: () => EventsClient<C>;
  readonly #lingerMs: number;
  readonly #report: (error: Error) => void;
  readonly #shared = new Map<string, Shared>();

  constructor(client: () => EventsClient<C>, lingerMs: number, report: (error: Error) => void) {
    this.#client = client;
    this.#lingerMs = lingerMs;
    this.#report = report;
  }

  /** @returns leaves */
  join<N extends OpenName<C, 'presence'>>(
    type: N,
    topic: string | undefined,
    data: EventInput<N, C>,
  ): () => void {
    const key = JSON.stringify([type, topic]);
    let shared = this.#shared.get(key);
    const user = Symbol();
    if (shared) {
      clearTimeout(shared.leaving);
      shared.users.set(user, data);
      this.#say(shared);
    } else {
      shared = { users: new Map([[user, data]]), membership: null, data, leaving: undefined, hasLeft: false };
      this.#shared.set(key, shared);
      void this.#begin(type, topic, shared, 0);
    }
    const joined = shared;
    return () => {
      if (!joined.users.delete(user)) return;
      if (joined.users.size > 0) return this.#say(joined);
      joined.leaving = setTimeout(() => this.#leave(key, joined), this.#lingerMs);
    };
  }

  async #begin<N extends OpenName<C, 'presence'>>(
    type: N,
    topic: string | undefined,
    shared: Shared,
    retry: number,
  ): Promise<void> {
    if (shared.hasLeft) return;
    try {
      const { data } = shared;
      // The key of what is shared names the type, so its data is of that.
      const membership = await this.#client().join(type, data as EventInput<N, C>, { topic });
      if (shared.hasLeft) return void membership.close();
      shared.membership = membership;
      this.#say(shared);
    } catch (cause) {
      const error = toError(cause);
      if (shared.hasLeft) return;
      if (!isRetryable(error)) return this.#report(error);
      setTimeout(() => void this.#begin(type, topic, shared, retry + 1), fullJitter(retry));
    }
  }

  /** Sends the data of the last user, if it is another. */
  #say(shared: Shared): void {
    const data = [...shared.users.values()].at(-1);
    if (data === undefined || !shared.membership || isSame(data, shared.data)) return;
    shared.data = data;
    shared.membership.update(data).catch(this.#report);
  }

  #leave(key: string, shared: Shared): void {
    shared.hasLeft = true;
    this.#shared.delete(key);
    void shared.membership?.close();
  }
}

/** A component that is mounted twice brings the same data as another object. */
function isSame(data: unknown, before: unknown): boolean {
  return JSON.stringify(encodePlainly(data)) === JSON.stringify(encodePlainly(before));
}
