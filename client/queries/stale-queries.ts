import { isolated } from '../failures/report.ts';

/** A query's key, as TanStack Query has it. */
export type QueryKey = readonly unknown[];

/** A query in the cache, as far as it is looked at. */
export interface CachedQuery {
  readonly queryKey: QueryKey;
  readonly state: { readonly fetchStatus: string };
}

/** A `QueryClient` of TanStack Query 5, for React, Vue, Svelte, Solid or Angular. */
export interface QueryClientLike {
  getQueryCache(): { subscribe(listener: (event: { type: string; query: CachedQuery }) => void): () => void };
  invalidateQueries(
    filters: { predicate: (query: CachedQuery) => boolean },
    options: { cancelRefetch: boolean },
  ): Promise<unknown>;
}

/** Most keys that wait, one by one; with more everything is stale. */
const MOST_KEYS = 1000;

/**
 * Keys whose queries are to be made stale, all of a burst in one call. No fetch is cancelled for it, or events that come often
 * would never let one end: a query that is being fetched, whose answer may be of before, is made stale again when it is there.
 */
export class StaleQueries {
  readonly #queries: QueryClientLike;
  readonly #everything: readonly QueryKey[];
  readonly #waitMs: number;
  readonly #report: (error: Error) => void;
  readonly #unwatch: () => void;
  #keys = new Map<string, QueryKey>();
  /** Queries whose answer was on its way when they were made stale. */
  readonly #early = new Set<CachedQuery>();
  /** Queries of those whose answer has come. */
  #again = new Set<CachedQuery>();
  #flushing: ReturnType<typeof setTimeout> | undefined;

  /** @param everything keys under which all are that an event may touch */
  constructor(
    queries: QueryClientLike,
    everything: readonly QueryKey[],
    waitMs: number,
    report: (error: Error) => void,
  ) {
    this.#queries = queries;
    this.#everything = everything;
    this.#waitMs = waitMs;
    this.#report = report;
    this.#unwatch = queries.getQueryCache().subscribe(({ type, query }) => this.#onQuery(type, query));
  }

  /** @throws TypeError for a key that is no JSON, which could not be a query's */
  add(key: QueryKey): void {
    this.#keys.set(JSON.stringify(key), key);
    if (this.#keys.size > MOST_KEYS) this.addEverything();
    else this.#schedule();
  }

  addEverything(): void {
    // A key that an event named stays, be it of none of those that a gap touches.
    const named = [...this.#keys.values()].filter(
      (key) => !this.#everything.some((part) => isWithin(key, part)),
    );
    const keys = named.length > MOST_KEYS ? [[]] : [...this.#everything, ...named];
    this.#keys = new Map(keys.map((key) => [JSON.stringify(key), key]));
    this.#schedule();
  }

  stop(): void {
    clearTimeout(this.#flushing);
    this.#unwatch();
  }

  #onQuery(type: string, query: CachedQuery): void {
    if (!this.#early.has(query)) return;
    const isGone = type === 'removed';
    if (query.state.fetchStatus === 'fetching' && !isGone) return;
    this.#early.delete(query);
    if (isGone) return;
    this.#again.add(query);
    this.#schedule();
  }

  #schedule(): void {
    this.#flushing ??= setTimeout(() => this.#flush(), this.#waitMs);
  }

  #flush(): void {
    const keys = [...this.#keys.values()];
    const again = this.#again;
    this.#flushing = undefined;
    this.#keys = new Map();
    this.#again = new Set();
    const predicate = (query: CachedQuery): boolean => {
      if (!again.has(query) && !keys.some((key) => isWithin(query.queryKey, key))) return false;
      if (query.state.fetchStatus === 'fetching') this.#early.add(query);
      return true;
    };
    isolated(() => this.#queries.invalidateQueries({ predicate }, { cancelRefetch: false }), this.#report);
  }
}

/** Tells if a value has everything that a part of it has: TanStack Query's rule for keys that begin with another. */
function isWithin(value: unknown, part: unknown): boolean {
  if (value === part) return true;
  if (!value || !part || typeof value !== 'object' || typeof part !== 'object') return false;
  const fields = value as Readonly<Record<string, unknown>>;
  return Object.entries(part).every(([name, each]) => isWithin(fields[name], each));
}
