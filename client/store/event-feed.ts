import type { AnyCatalog } from '../../shared/catalog.ts';
import { freezeDeep } from '../../shared/data/tree.ts';
import type { EventName, EventOf } from '../../shared/events.ts';
import type { SubscriptionOptions } from '../../shared/options/read-options.ts';
import { transformer } from '../../shared/wire/transformer.ts';
import type { EventsClient, SubscriptionHandle } from '../client-types.ts';
import { definedOnly, EncodedInput } from '../connection/encoding.ts';
import { toError } from '../failures/errors.ts';
import { tellAll, warnDeveloper } from '../failures/report.ts';
import { isErased } from './erased.ts';
import { newest } from './newest.ts';
import { OpenRows } from './open-rows.ts';
import { type EventsSnapshot, type Gap, INITIAL_SNAPSHOT, type PlacedEvent } from './snapshot.ts';

/** A frame of a 60 Hz screen: more than one notification in it nobody would see. */
const FRAME_MS = 16;
const MOST_GAPS = 50;

export type Listener = () => void;

/** Options of a subscription that components share: equal ones share one. */
export interface FeedInput<N extends EventName<C>, C extends AnyCatalog>
  extends Omit<SubscriptionOptions<N, C>, 'whenSlow'> {}

/**
 * An input as text: equal for equal inputs, in whatever order its options stand, and `topics` and `types` name theirs.
 * @throws EventsError INVALID_OPTION when the input cannot be sent
 */
export function feedKey<N extends EventName<C>, C extends AnyCatalog>(input: FeedInput<N, C>): string {
  const { topics, types } = input;
  const entries = Object.entries({ ...input, topics: unordered(topics), types: unordered(types) });
  const inOrder = Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
  return JSON.stringify(new EncodedInput('INVALID_OPTION', 'on.any', definedOnly(inOrder)).wire);
}

/** Names, each once and in order. A value that is no list stays: the server refuses it. A text would be its letters, and `*` all topics. */
function unordered(names: readonly string[] | undefined): readonly string[] | undefined {
  return Array.isArray(names) ? [...new Set<string>(names)].sort() : names;
}

/** One subscription and a bounded buffer of what it brought, for any number of users. */
export class EventFeed<C extends AnyCatalog> {
  readonly #client: EventsClient<C>;
  readonly #input: FeedInput<EventName<C>, C>;
  readonly #report: (error: Error) => void;
  readonly #subscription: SubscriptionHandle;
  readonly #listeners = new Set<Listener>();
  readonly #handlers = new Set<(event: PlacedEvent<EventName<C>, C>) => unknown>();
  /** Loaded, and arrived, but not in the snapshot yet. */
  #older: readonly PlacedEvent<EventName<C>, C>[] = [];
  readonly #arrived = new OpenRows<C>();
  /** Gaps over events that are to leave; kept while older events are on their way, which may be of before. */
  #erased: readonly Gap[] = [];
  #changes: Partial<EventsSnapshot<EventName<C>, C>> = {};
  #snapshot: EventsSnapshot<EventName<C>, C> = INITIAL_SNAPSHOT;
  #capacity = 0;
  #catchUp = 0;
  #hasCaughtUp = false;
  #flushing: ReturnType<typeof setTimeout> | undefined;
  #flushedAt = Number.NEGATIVE_INFINITY;
  #loading: Promise<boolean> | null = null;

  constructor(client: EventsClient<C>, key: string, report: (error: Error) => void) {
    this.#client = client;
    this.#input = transformer.parse(key) as FeedInput<EventName<C>, C>; // `feedKey` made it
    this.#report = report;
    this.#subscription = client.on('any', (event, { cursor }) => this.#take(event, cursor), {
      ...this.#input,
      onStatus: (status) => {
        if (status === 'catching-up') this.#catchUp = 0;
        this.#change({ status, ...(status === 'live' && { error: null }) });
      },
      onSynced: () => {
        this.#hasCaughtUp = true;
        this.#change({ caughtUp: this.#catchUp });
      },
      onCount: ({ type, count, each }, { topic }) => {
        const { topics } = this.#input;
        if (each === false) this.#arrived.count(type, topics && topic);
        if (topics) return;
        const { [type]: _, ...counts } = this.#changes.counts ?? this.#snapshot.counts;
        this.#change({ counts: each ? counts : { ...counts, [type]: count } });
      },
      onGap: (gap, { topic }) => this.#addGaps([], [this.#input.topics ? { ...gap, topic } : gap]),
      onError: (error, willRetry) => {
        if (!willRetry) warnDeveloper(`a subscription was refused for good: ${error.message}`);
        this.#change({ error });
      },
    });
  }

  get snapshot(): EventsSnapshot<EventName<C>, C> {
    return this.#snapshot;
  }

  /** True while anybody uses it. */
  get isUsed(): boolean {
    return this.#listeners.size + this.#handlers.size > 0;
  }

  /** Calls `listener` after changes of the snapshot, once for all of a frame. @param limit events to keep at least */
  subscribe(listener: Listener, limit: number): () => void {
    this.#capacity = Math.max(this.#capacity, limit);
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Calls `handler` with each event as it arrives. */
  listen(handler: (event: PlacedEvent<EventName<C>, C>) => unknown): () => void {
    this.#handlers.add(handler);
    return () => this.#handlers.delete(handler);
  }

  /**
   * Puts the events before the oldest one in front of it. Resolves with whether there may be more before them; an
   * error goes into the snapshot. Of several topics there are none: false.
   */
  loadOlder(limit: number): Promise<boolean> {
    // Asked for in a later turn, when `#loading` already keeps the oldest event in place.
    this.#loading ??= Promise.resolve()
      .then(() => this.#loadOlder(limit))
      .finally(() => {
        this.#loading = null;
      });
    return this.#loading;
  }

  close(): void {
    clearTimeout(this.#flushing);
    this.#subscription.unsubscribe();
  }

  #take(event: EventOf<EventName<C>, C>, cursor: string): void {
    const placed: PlacedEvent<EventName<C>, C> = this.#arrived.placed(event, cursor);
    const isShared = freezeDeep(placed);
    const { status = this.#snapshot.status } = this.#changes;
    if (status !== 'live') this.#catchUp++;
    this.#arrived.add(placed, !this.#hasCaughtUp);
    tellAll(this.#handlers, (handler) => handler(isShared ? placed : copyOf(placed)), this.#report);
    // Timers of hidden pages are late; the buffer is bounded nevertheless.
    if (this.#arrived.size > 2 * this.#capacity + 1000) this.#flush();
    else this.#schedule();
  }

  #addGaps(before: readonly Gap[], after: readonly Gap[]): void {
    const { gaps = this.#snapshot.gaps } = this.#changes;
    const all = [...before, ...gaps, ...after].slice(-MOST_GAPS);
    this.#change({ gaps: all, gap: all.at(-1) ?? null });
    if (after.some(({ reason }) => reason === 'erased')) this.#erased = [...this.#erased, ...after];
  }

  #change(changes: Partial<EventsSnapshot<EventName<C>, C>>): void {
    Object.assign(this.#changes, changes);
    this.#schedule();
  }

  #schedule(): void {
    this.#flushing ??= setTimeout(
      () => this.#flush(),
      Math.max(0, this.#flushedAt + FRAME_MS - performance.now()),
    );
  }

  #flush(): void {
    clearTimeout(this.#flushing);
    this.#flushing = undefined;
    this.#flushedAt = performance.now();
    let { events, dropped, older } = this.#snapshot;
    if (this.#older.length + this.#arrived.size > 0) {
      events = this.#arrived.joinedTo([...this.#older, ...events]);
      older += this.#older.length;
      this.#older = [];
    }
    for (const gap of this.#erased) {
      this.#arrived.erase(gap);
      const isLeft = (event: PlacedEvent<EventName<C>, C>) => !isErased(event, gap);
      older = events.slice(0, older).filter(isLeft).length;
      events = events.filter(isLeft);
    }
    if (!this.#loading) this.#erased = [];
    // While older ones are on their way the oldest must stay, or they would not join.
    if (!this.#loading) {
      const all = events.length;
      events = newest(events, this.#capacity + older);
      dropped += all - events.length;
    }
    const { open } = this.#arrived;
    this.#snapshot = { ...this.#snapshot, events, open, dropped, older, ...this.#changes };
    this.#changes = {};
    tellAll(this.#listeners, (listener) => listener(), this.#report);
  }

  async #loadOlder(limit: number): Promise<boolean> {
    const { topic, topics, types, filter, echo } = this.#input;
    if (topics) return false;
    const oldest = this.#snapshot.events.find(({ stored }) => stored !== false);
    try {
      const page = await this.#client.history({ topic, types, filter, echo, before: oldest?.cursor, limit });
      // Without an oldest one to ask for, the page may overlap with what arrived meanwhile.
      // What is no record has the cursor of one, and an open event is one row.
      const here = new Set(
        this.#snapshot.events.flatMap(({ cursor, open, stored }) => [
          ...(stored === false ? [] : [cursor]),
          ...(open ? [open.id] : []),
        ]),
      );
      this.#older = page.items
        .filter(({ cursor, event }) => !here.has(cursor) && !(event.open && here.has(event.open.id)))
        .map(({ cursor, event }) => ({ ...event, cursor }));
      freezeDeep(this.#older);
      this.#addGaps(page.gaps, []);
      this.#change({ error: null });
      this.#flush();
      return page.previous !== null;
    } catch (error) {
      this.#change({ error: toError(error) });
      return true;
    }
  }
}

/** A copy for a handler, of an event that holds what cannot be frozen: a Date, a Map. */
function copyOf<T>(event: T): T {
  return transformer.deserialize(transformer.serialize(event)) as T;
}
