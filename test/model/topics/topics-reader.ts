import type { FeedHandle, FeedReader } from '../../../server/event-manager/feeds/feed-reader.ts';
import type { Batch } from '../../../server/event-manager/hubs/hub.ts';
import type { EventManager, SubscribeOptions } from '../../../server/index.ts';
import type { PsycheCatalog } from '../../../shared/index.ts';

type Name = 'agent_message' | 'network_update' | 'system_status';
type Options = SubscribeOptions<Name, PsycheCatalog>;

/** An item as a subscriber took it. */
export interface Taken {
  cursor: string;
  topic: string | undefined;
  type: string;
  data: unknown;
}

/** A subscriber that is killed, loses what it had not looked at, and resumes after the last item it took. */
export abstract class TopicsReader {
  readonly taken: Taken[] = [];
  /** Subscriptions that it had. */
  joined = 0;
  /** A call that should never have been made. */
  misuse: string | null = null;
  readonly #options: Options;

  constructor(options: Options) {
    this.#options = options;
  }

  join(node: EventManager): void {
    this.joined++;
    this.begin(node, { ...this.#options, since: this.taken.at(-1)?.cursor });
  }

  async leave(unread: number): Promise<void> {
    await this.end();
    // Items that were on their way when the connection broke; the very first tells where it began.
    this.taken.splice(Math.max(1, this.taken.length - unread));
  }

  /** It takes no more for a while. */
  abstract pause(): void;
  /** It takes what comes. @param capacity items until it is full again; default: as it was */
  abstract resume(capacity?: number): void;
  protected abstract begin(node: EventManager, options: Options): void;
  protected abstract end(): void | Promise<void>;
}

/** One that iterates. */
export class IteratingReader extends TopicsReader {
  #end = new AbortController();
  #done = Promise.resolve();

  pause(): void {}

  resume(): void {}

  protected begin(node: EventManager, options: Options): void {
    const end = new AbortController();
    this.#end = end;
    const items = node.subscribe({ ...options, signal: end.signal });
    this.#done = (async () => {
      for await (const [cursor, item] of items)
        this.taken.push({ cursor, topic: item.topic, type: item.event_type, data: item.data });
    })();
  }

  protected async end(): Promise<void> {
    this.#end.abort();
    await this.#done;
  }
}

/** One that is attached, as an outlet is, and is full after a number of items. */
export class AttachedReader extends TopicsReader implements FeedReader {
  readonly name = 'attached';
  #feed: FeedHandle | null = null;
  #capacity: number;
  #count = 0;
  #paused = false;
  #full = false;

  constructor(options: Options, capacity: number) {
    super(options);
    this.#capacity = capacity;
  }

  /** Paused, it is one whose client is filled by its other subscriptions. */
  get isFull(): boolean {
    return this.#paused;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(capacity = this.#capacity): void {
    this.#capacity = capacity;
    this.#paused = false;
    this.#count = 0;
    if (!this.#full) return;
    this.#full = false;
    this.#feed?.resume();
  }

  take({ records }: Batch): boolean {
    if (!this.#feed) this.misuse ??= '[D4] items after close()';
    if (this.#full) this.misuse ??= '[D9] items although it was full';
    for (const { cursor, type, json } of records) {
      const { topic, data } = JSON.parse(json);
      this.taken.push({ cursor, topic, type, data });
    }
    this.#count += records.length;
    return !this.#paused && this.#count < this.#capacity;
  }

  waitedFor(): void {
    this.#full = true;
  }

  fail(error: unknown): void {
    this.misuse ??= `[D4] failed: ${String(error)}`;
  }

  protected begin(node: EventManager, options: Options): void {
    this.#count = 0;
    this.#full = false;
    this.#feed = node.subscribe(options).attach(this);
  }

  protected end(): void {
    this.#feed?.close();
    this.#feed = null;
  }
}
