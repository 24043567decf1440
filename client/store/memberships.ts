import type { AnyCatalog } from '../../shared/catalog.ts';
import { isRetryable } from '../../shared/errors.ts';
import type { EventInput, OpenName } from '../../shared/events.ts';
import { onAbort } from '../../shared/timing.ts';
import { encodePlainly } from '../../shared/wire/transformer.ts';
import type { EventsClient } from '../client-types.ts';
import { type Connection, refusalOf } from '../connection/connection-state.ts';
import { toError } from '../failures/errors.ts';
import { fullJitter, pause } from '../failures/retry.ts';
import type { Membership } from '../open/open-types.ts';

/** One member of a topic, for all components that join it. */
interface Shared {
  /** Joins as the member that it is. */
  readonly begin: (data: unknown) => Promise<Membership>;
  /** Data of each that joined; the last counts. */
  readonly users: Map<symbol, unknown>;
  membership: Membership | null;
  isJoining: boolean;
  /** The data that was sent. */
  data: unknown;
  leaving: ReturnType<typeof setTimeout> | undefined;
  /** Aborted when it has left. */
  readonly left: AbortController;
}

/**
 * Memberships that components share. One that is left stays for a moment, for a component that is mounted again. One that was
 * refused is begun again by the next component that joins or leaves, and where the address was wrong, once a server is there.
 */
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
    const shared = this.#shared.get(key) ?? {
      // The key of what is shared names the type, so its data is of that.
      begin: (said: unknown) => this.#client().join(type, said as EventInput<N, C>, { topic }),
      users: new Map<symbol, unknown>(),
      membership: null,
      isJoining: false,
      data,
      leaving: undefined,
      left: new AbortController(),
    };
    this.#shared.set(key, shared);
    clearTimeout(shared.leaving);
    const user = Symbol();
    shared.users.set(user, data);
    this.#say(shared);
    return () => {
      if (!shared.users.delete(user)) return;
      if (shared.users.size > 0) return this.#say(shared);
      shared.leaving = setTimeout(() => this.#leave(key, shared), this.#lingerMs);
    };
  }

  async #begin(shared: Shared): Promise<void> {
    const { signal } = shared.left;
    shared.isJoining = true;
    for (let retry = 0; !signal.aborted; retry++) {
      shared.data = lastOf(shared);
      try {
        const membership = await shared.begin(shared.data);
        if (signal.aborted) return void membership.close();
        shared.membership = membership;
        this.#say(shared);
        break;
      } catch (cause) {
        if (signal.aborted) return;
        const error = toError(cause);
        if (isRetryable(error)) {
          await pause(fullJitter(retry), signal);
          continue;
        }
        this.#report(error);
        const { connection } = this.#client();
        if (!refusalOf(connection.state)) break;
        await untilLive(connection, signal);
      }
    }
    shared.isJoining = false;
  }

  /** Sends the data of the last user: joins with it, or says it if it is another. */
  #say(shared: Shared): void {
    const data = lastOf(shared);
    if (!shared.membership) {
      if (!shared.isJoining) void this.#begin(shared);
    } else if (!isSame(data, shared.data)) {
      shared.data = data;
      shared.membership.update(data).catch(this.#report);
    }
  }

  #leave(key: string, shared: Shared): void {
    this.#shared.delete(key);
    shared.left.abort();
    void shared.membership?.close();
  }
}

/** Data of the last user; once all are gone, the data that was sent. */
function lastOf({ users, data }: Shared): unknown {
  return users.size > 0 ? [...users.values()].at(-1) : data;
}

/** Resolves when a connection is live, or over, or the signal aborts. */
function untilLive(connection: Connection, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      letGo();
      unwatch();
      resolve();
    };
    const letGo = onAbort(signal, done);
    const unwatch = connection.subscribe(({ status }) => {
      if (status === 'live' || status === 'closed') done();
    });
  });
}

/** A component that is mounted twice brings the same data as another object. */
function isSame(data: unknown, before: unknown): boolean {
  return JSON.stringify(encodePlainly(data)) === JSON.stringify(encodePlainly(before));
}
