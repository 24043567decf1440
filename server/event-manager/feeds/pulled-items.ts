import type { WhenSlow } from '../../../shared/options/read-options.ts';
import { onAbort } from '../../../shared/timing.ts';
import { UNSENT_BYTES } from '../reading/asker.ts';
import type { StreamRecord } from '../records/stream-record.ts';
import { type FeedHandle, type FeedReader, PullReader } from './feed-reader.ts';

interface Endings {
  whenSlow: WhenSlow;
  /** Ends it as if there were no further items. */
  signal: AbortSignal | undefined;
  /** Ends it with the signal's reason as the error, which its feed tells the reader. */
  ends: AbortSignal | undefined;
}

/**
 * A subscription's items for whoever pulls. It is no generator, whose `return` waits for the item that is waited for:
 * here `return` ends the subscription at once, and all who wait for an item.
 */
export class PulledItems<Item> implements AsyncIterableIterator<Item, void, undefined> {
  readonly #open: (reader: FeedReader) => FeedHandle;
  readonly #toItem: (record: StreamRecord) => Item;
  readonly #endings: Endings;
  readonly #reader: PullReader;
  #feed: FeedHandle | null = null;
  #letGo: (() => void) | undefined;
  #isDone = false;
  /** The call of `next` before; null if none waits. */
  #before: Promise<void> | null = null;

  /** @param open starts to feed a reader; called with the first `next` */
  constructor(
    open: (reader: FeedReader) => FeedHandle,
    toItem: (record: StreamRecord) => Item,
    endings: Endings,
  ) {
    this.#open = open;
    this.#toItem = toItem;
    this.#endings = endings;
    this.#reader = new PullReader(UNSENT_BYTES, endings.whenSlow);
  }

  /** The next item. Calls made while one waits get the items after, in order. */
  next(): Promise<IteratorResult<Item, void>> {
    const item = this.#before ? this.#before.then(() => this.#take()) : this.#take();
    const isOver = (): void => {
      if (this.#before === before) this.#before = null;
    };
    const before: Promise<void> = item.then(isOver, isOver);
    this.#before = before;
    return item;
  }

  async return(): Promise<IteratorResult<Item, void>> {
    this.#end();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async #take(): Promise<IteratorResult<Item, void>> {
    const { signal, ends } = this.#endings;
    try {
      if (!this.#feed && signal?.aborted) this.#end();
      if (this.#isDone) return { done: true, value: undefined };
      if (!this.#feed) this.#start();
      else if (this.#reader.isEmpty) this.#feed.resume();
      const record = await this.#reader.next();
      if (record === null || this.#isDone) return this.return();
      if (ends?.aborted) throw ends.reason; // nothing more, not even what waits
      return { done: false, value: this.#toItem(record) };
    } catch (error) {
      this.#end();
      throw error;
    }
  }

  #start(): void {
    this.#feed = this.#open(this.#reader);
    const { signal } = this.#endings;
    this.#letGo = signal && onAbort(signal, () => this.#end()); // whether or not somebody asks for more
  }

  #end(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#letGo?.();
    this.#feed?.close();
    this.#reader.close();
  }
}
