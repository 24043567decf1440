import type { AnyCatalog } from '../../shared/catalog.ts';
import type { EventInput, EventName, OpenName } from '../../shared/events.ts';
import type { EventsClient } from '../client-types.ts';
import { type Connection, type ConnectionState, INITIAL_CONNECTION } from '../connection/connection-state.ts';
import { safeReport, tellAll } from '../failures/report.ts';
import { EventFeed, type Listener } from './event-feed.ts';
import { Memberships } from './memberships.ts';
import { type EventsSnapshot, INITIAL_SNAPSHOT, type PlacedEvent } from './snapshot.ts';

export interface FeedStoreOptions<C extends AnyCatalog> {
  /** Makes the client; called when it is first needed, and again when it is needed after it was closed. */
  connect: () => EventsClient<C>;
  /** True: a client that nobody needs any more is closed. Default true. */
  closes?: boolean;
  /** Ms for which a subscription, and the client, stay after their last user left. Default 1000. */
  lingerMs?: number;
  /** Takes what listeners and handlers throw. Default: `reportError` in browsers, `console.error` elsewhere. */
  onError?: (error: Error) => void;
}

/**
 * The state that components share: one client, and one subscription for each distinct input. Reading it has no effect; using it
 * has, until the last user left and `lingerMs` have passed, so that a remount finds everything as it was.
 * Inputs are named by their {@link feedKey}.
 */
export class FeedStore<C extends AnyCatalog> implements Connection {
  readonly #options: Required<FeedStoreOptions<C>>;
  readonly #memberships: Memberships<C>;
  readonly #feeds = new Map<string, EventFeed<C>>();
  readonly #releases = new Map<string, ReturnType<typeof setTimeout>>();
  readonly #watchers = new Set<(state: ConnectionState) => void>();
  #client: EventsClient<C> | null = null;
  #unwatch: () => void = () => {};
  #state = INITIAL_CONNECTION;
  #holders = 0;
  #closing: ReturnType<typeof setTimeout> | undefined;

  constructor(options: FeedStoreOptions<C>) {
    const { connect, closes = true, lingerMs = 1000 } = options;
    const onError = safeReport(options.onError);
    this.#options = { connect, closes, lingerMs, onError };
    this.#memberships = new Memberships(() => this.client(), lingerMs, onError);
  }

  /** The client's state, or the state that a client begins with. */
  get state(): ConnectionState {
    return this.#state;
  }

  get transport(): ConnectionState['transport'] {
    return this.#state.transport;
  }

  /** The client; connects if there is none. */
  client(): EventsClient<C> {
    if (!this.#client) {
      const client = this.#options.connect();
      this.#client = client;
      this.#unwatch = client.connection.subscribe((state) => this.#setState(state));
      this.#setState(client.connection.state);
      this.#closeUnlessNeeded();
    }
    return this.#client;
  }

  /** Keeps the client, followed inputs or not, until the returned function is called. */
  hold(): () => void {
    let isHeld = true;
    this.#holders++;
    this.client();
    this.#closeUnlessNeeded();
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#holders--;
      this.#closeUnlessNeeded();
    };
  }

  /** Follows the connection. */
  subscribe(listener: (state: ConnectionState) => void): () => void {
    this.#watchers.add(listener);
    return () => this.#watchers.delete(listener);
  }

  retry(): void {
    this.#client?.connection.retry();
  }

  /** The state of an input's stream; the same object until something changes. */
  snapshot(key: string): EventsSnapshot<EventName<C>, C> {
    return this.#feeds.get(key)?.snapshot ?? INITIAL_SNAPSHOT;
  }

  /** Follows an input. @param limit events to keep at least, while anybody follows */
  follow(key: string, limit: number, listener: Listener): () => void {
    return this.#use(key, (feed) => feed.subscribe(listener, limit));
  }

  /** Calls `handler` with each event of an input as it arrives; what it throws is reported. */
  listen(key: string, handler: (event: PlacedEvent<EventName<C>, C>) => unknown): () => void {
    return this.#use(key, (feed) => feed.listen(handler));
  }

  /**
   * Joins a topic, until the returned function is called and `lingerMs` have passed. Those who join alike are one member,
   * with the data of the last of them.
   */
  join<N extends OpenName<C, 'presence'>>(
    type: N,
    topic: string | undefined,
    me: EventInput<N, C>,
  ): () => void {
    const leave = this.#memberships.join(type, topic, me);
    const release = this.hold();
    return () => {
      leave();
      release();
    };
  }

  /** See {@link EventFeed.loadOlder}; false for an input that nobody follows. */
  async loadOlder(key: string, limit: number): Promise<boolean> {
    return (await this.#feeds.get(key)?.loadOlder(limit)) ?? false;
  }

  #use(key: string, start: (feed: EventFeed<C>) => () => void): () => void {
    clearTimeout(this.#releases.get(key));
    this.#releases.delete(key);
    let feed = this.#feeds.get(key);
    if (!feed) {
      feed = new EventFeed(this.client(), key, this.#options.onError);
      this.#feeds.set(key, feed);
    }
    const used = feed;
    const stop = start(used);
    this.#closeUnlessNeeded();
    return () => {
      stop();
      this.#closeUnlessNeeded();
      if (used.isUsed || this.#feeds.get(key) !== used) return;
      clearTimeout(this.#releases.get(key));
      this.#releases.set(
        key,
        setTimeout(() => this.#release(key), this.#options.lingerMs),
      );
    };
  }

  #release(key: string): void {
    this.#releases.delete(key);
    this.#feeds.get(key)?.close();
    this.#feeds.delete(key);
  }

  #closeUnlessNeeded(): void {
    clearTimeout(this.#closing);
    if (this.#holders > 0 || [...this.#feeds.values()].some(({ isUsed }) => isUsed)) return;
    this.#closing = setTimeout(() => this.#disconnect(), this.#options.lingerMs);
  }

  #disconnect(): void {
    for (const key of [...this.#feeds.keys()]) {
      clearTimeout(this.#releases.get(key));
      this.#release(key);
    }
    this.#unwatch();
    const client = this.#client;
    this.#client = null;
    this.#setState(INITIAL_CONNECTION);
    if (this.#options.closes) client?.close().catch(this.#options.onError);
  }

  #setState(state: ConnectionState): void {
    this.#state = state;
    tellAll(this.#watchers, (watcher) => watcher(state), this.#options.onError);
  }
}
