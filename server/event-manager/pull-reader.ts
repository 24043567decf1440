import { randomUUID } from 'node:crypto';
import type { Feed, FeedReader } from './feed.ts';
import { liveAlone } from './live-alone.ts';
import type { StreamRecord } from './stream-record.ts';

/**
 * Reads a feed for whoever pulls (an async iterator): holds a bounded number of records; beyond it the feed waits,
 * and the log keeps the rest.
 */
export class PullReader implements FeedReader {
  readonly name = `iterator-${randomUUID()}`;
  readonly #limit: number;
  #records: StreamRecord[] = [];
  #wake: () => void = () => {};
  #end: { error?: unknown } | null = null;

  /** @param limit records held before the feed is told to wait; one batch more may be held */
  constructor(limit: number) {
    this.#limit = limit;
  }

  take(records: readonly StreamRecord[]): boolean {
    for (const record of records) this.#records.push(record);
    this.#wake();
    return this.#records.length < this.#limit;
  }

  goLive(feed: Feed): () => void {
    return liveAlone(feed, this.name, (records) => this.take(records));
  }

  fail(error: unknown): void {
    this.#end ??= { error };
    this.#wake();
  }

  /** Nothing more is wanted: `next` resolves with null. */
  close(): void {
    this.#end ??= {};
    this.#records = [];
    this.#wake();
  }

  /** All records at hand, at least one; null once closed. One caller at a time. @throws the feed's error */
  async next(): Promise<readonly StreamRecord[] | null> {
    while (this.#records.length === 0) {
      if (this.#end && 'error' in this.#end) throw this.#end.error;
      if (this.#end) return null;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const records = this.#records;
    this.#records = [];
    return records;
  }
}
