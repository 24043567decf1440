import type { OperationLink, TRPCClientError, TRPCLink } from '@trpc/client';
import { observableToPromise, type Unsubscribable } from '@trpc/server/observable';
import type { AppRouter } from '../../server/index.ts';
import type { AnyCatalog } from '../../shared/catalog.ts';
import { toFailure } from '../failures/errors.ts';

/** The router, whatever its catalog. Procedures are called by path: their names are known to the catalog only. */
export type Router = AppRouter<AnyCatalog>;

/** Callbacks of a subscription; nothing is called after `onError` and `onComplete`. */
export interface RequestCallbacks {
  onStarted(): void;
  onData(data: unknown): void;
  /** The connection is lost, or not yet made. */
  onConnecting(): void;
  onError(error: TRPCClientError<Router>): void;
  onComplete(): void;
}

/**
 * Calls and subscriptions over one link of tRPC, the part of `createTRPCUntypedClient` that is used. tRPC's own is in
 * one module with all its links, of which bundlers keep 1.2 KB for a page that uses none of them.
 */
export class Requests {
  readonly #link: OperationLink<Router>;
  readonly #mounted: (path: string) => string;
  #lastId = 0;

  /** @param mounted the full path of a procedure */
  constructor(link: TRPCLink<Router>, mounted: (path: string) => string) {
    this.#mounted = mounted;
    this.#link = link({});
  }

  /** @throws TRPCClientError when it was answered so; EventsError when it was not answered */
  async call(
    type: 'query' | 'mutation',
    path: string,
    input: unknown,
    signal: AbortSignal,
  ): Promise<unknown> {
    try {
      const { result } = await observableToPromise(this.#request(type, path, input, signal));
      return 'data' in result ? result.data : undefined;
    } catch (cause) {
      throw toFailure(cause);
    }
  }

  subscribe(path: string, input: unknown, callbacks: RequestCallbacks): Unsubscribable {
    return this.#request('subscription', path, input, null).subscribe({
      next: ({ result }) => {
        if (result.type === 'started' || isRestart(result)) callbacks.onStarted();
        else if (result.type === 'state') {
          if (result.state === 'connecting') callbacks.onConnecting();
        } else if (result.type !== 'stopped') callbacks.onData(result.data);
      },
      error: (error) => callbacks.onError(error),
      complete: () => callbacks.onComplete(),
    });
  }

  #request(
    type: 'query' | 'mutation' | 'subscription',
    path: string,
    input: unknown,
    signal: AbortSignal | null,
  ) {
    const op = { type, path: this.#mounted(path), input, signal, id: ++this.#lastId, context: {} };
    return this.#link({ op, next: noLink });
  }
}

/** Tells if a stream of events was asked for anew: tRPC's client keeps a second `started` of a connection to itself. */
function isRestart({ type }: { type?: string | undefined }): boolean {
  return type === 'restarted';
}

/** Stands for the next link: there is none behind that of a connection. */
function noLink(): never {
  throw new TypeError('no next link');
}

/** Keys of routers joined by dots. An address has no place for the other characters. */
const PATH = /^[^\s./?#%]+(?:\.[^\s./?#%]+)*$/;

/**
 * The full path of each procedure of a router that is mounted at a path; its own when the events are at the top.
 * @throws TypeError when it is no such path
 */
export function mountedAt(mount: string | undefined): (procedure: string) => string {
  if (!mount) return (procedure) => procedure;
  if (!PATH.test(mount)) {
    throw new TypeError(
      `path must be the key of the events in your router, such as "events" or "a.events", not ${JSON.stringify(mount)}`,
    );
  }
  return (procedure) => `${mount}.${procedure}`;
}
