import { wsLink } from '@trpc/client/links/wsLink/wsLink';
import { closedError } from '../failures/errors.ts';
import { type RetryOptions, withRetry } from '../failures/retry.ts';
import { SocketConnection } from './connection.ts';
import type { ConnectionOptions } from './connection-options.ts';
import { refusalOf } from './connection-state.ts';
import { checkAnswer, definedOnly, EncodedInput, type InputCode, wireTransformer } from './encoding.ts';
import { mountedAt, Requests, type Router } from './requests.ts';
import { NOBODYS_ID } from './transports/nobodys-id.ts';
import { Untaken } from './untaken.ts';

/** tRPC over our connection: calls that outlive it, and the raw requests for subscriptions. */
export class Wire {
  readonly connection: SocketConnection;
  readonly requests: Requests;
  readonly untaken = new Untaken();
  readonly #mounted: (path: string) => string;
  readonly #inFlight = new Set<Promise<unknown>>();
  readonly #beginnings = new Beginnings();
  #closing = false;

  constructor(options: ConnectionOptions, report: (error: Error) => void) {
    this.#mounted = mountedAt(options.path);
    this.connection = new SocketConnection(options, report);
    const link = wsLink<Router>({ client: this.connection.client, transformer: wireTransformer });
    this.requests = new Requests(link, this.#mounted);
  }

  /**
   * Calls a query, or a mutation that may be run twice. A connection lost meanwhile is waited for.
   * @param input encoded by the caller; undefined where there is none
   * @param advice what to do when it was not answered. Default: of a mutation, to publish again
   * @throws EventsError UNAVAILABLE when the time is over; at once: CLOSED, an error of the server's that is not tried
   * again, and INVALID_OPTION when the address is wrong
   */
  async call<T>(
    type: 'query' | 'mutation',
    path: string,
    input: EncodedInput | undefined,
    options: RetryOptions = {},
    advice = type === 'query' ? '' : undefined, // nothing of a read is stored
  ): Promise<T> {
    if (this.#closing) throw closedError();
    const held = type === 'mutation' ? this.#beginnings.hold() : null;
    const call = withRetry(
      async (signal) => {
        const refusal = this.#refusal();
        try {
          if (held) await Promise.race([held, refusal.promise]);
          const { status, error } = this.connection.state;
          if (status === 'closed') throw closedError(error);
          this.untaken.inputs.add(input);
          const output = await Promise.race([this.requests.call(type, path, input, signal), refusal.promise]);
          this.connection.onReply();
          return checkAnswer(output);
        } catch (cause) {
          throw this.untaken.refusal(path, input, cause) ?? cause;
        } finally {
          this.untaken.inputs.delete(input);
          refusal.stop();
        }
      },
      options,
      { whyNot: () => this.connection.state.error, advice, maySend: () => this.connection.wasOpen },
    );
    this.#inFlight.add(call);
    try {
      // The router's types say what comes out of a path; the caller names them.
      return (await call) as T;
    } finally {
      this.#inFlight.delete(call);
    }
  }

  /** Calls a mutation with the parts of its input that are defined. @throws EventsError `code` for one that cannot be sent; and as {@link call} */
  async mutate<T>(code: InputCode, path: string, input: object, retry?: RetryOptions): Promise<T> {
    return this.call('mutation', path, new EncodedInput(code, path, definedOnly(input)), retry, '');
  }

  /** Asks with a query, likewise. @throws EventsError INVALID_OPTION for an input that cannot be sent; and as {@link call} */
  async ask<T>(path: string, input: object, retry?: RetryOptions): Promise<T> {
    return this.call('query', path, new EncodedInput('INVALID_OPTION', path, definedOnly(input)), retry);
  }

  /** Sends a mutation within this turn of the event loop, the last one of a page that is left: nobody waits for its answer. */
  sendNow(path: string, input: object): void {
    const { connection } = this.connection.client;
    if (connection?.state !== 'open') return;
    const params = { path: this.#mounted(path), input: new EncodedInput('INVALID_OPTION', path, input).wire };
    connection.ws.send(JSON.stringify({ id: NOBODYS_ID, method: 'mutation', params }));
  }

  /** Rejects once it is known that waiting for a connection cannot help, see {@link refusalOf}. */
  #refusal(): { promise: Promise<never>; stop(): void } {
    let stop = (): void => {};
    const promise = new Promise<never>((_, reject) => {
      const check = (): void => {
        const refusal = refusalOf(this.connection.state);
        if (refusal) reject(refusal);
      };
      check();
      stop = this.connection.subscribe(check);
    });
    promise.catch(() => {}); // it may reject when nobody waits for it any more
    return { promise, stop };
  }

  /** Mutations called from now on wait for a subscription to begin: what they publish belongs to it. */
  awaitBeginning(begun: Promise<void>): void {
    this.#beginnings.add(begun);
  }

  /** Waits for calls in flight, each of which has its own limit of time, and closes the connection. */
  async close(): Promise<void> {
    this.#closing = true;
    await Promise.allSettled(this.#inFlight);
    this.connection.close();
  }
}

/**
 * Subscriptions that were asked for and have no position yet. A server handles the requests of one socket concurrently:
 * an event that is published right after such a subscription might be stored before the subscription begins.
 */
export class Beginnings {
  readonly #pending = new Set<Promise<void>>();
  /** The last publish that waits: a later one goes after it, so that publishes keep their order. */
  #last: Promise<unknown> | null = null;

  /** @param begun resolves when the subscription has a position, or will have none */
  add(begun: Promise<void>): void {
    this.#pending.add(begun);
    void begun.then(() => this.#pending.delete(begun));
  }

  /** Resolves when those asked for until now have begun; null when nobody has to wait. */
  hold(): Promise<unknown> | null {
    if (this.#pending.size === 0 && !this.#last) return null;
    const held = Promise.all([...this.#pending, this.#last]);
    this.#last = held;
    void held.then(() => {
      if (this.#last === held) this.#last = null;
    });
    return held;
  }
}
