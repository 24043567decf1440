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
  readonly #maxRecords: number;
  readonly #maxChars: number;
  #records: StreamRecord[] = [];
  /** Of their JSON. */
  #chars = 0;
  #wake: () => void = () => {};
  #end: { error?: unknown } | null = null;

  /**
   * One batch more may be held than these say.
   * @param maxRecords records held before the feed is told to wait
   * @param maxChars characters of JSON held before the feed is told to wait
   */
  constructor(maxRecords: number, maxChars: number) {
    this.#maxRecords = maxRecords;
    this.#maxChars = maxChars;
  }

  take(records: readonly StreamRecord[]): boolean {
    for (const record of records) {
      this.#records.push(record);
      this.#chars += record.json.length;
    }
    this.#wake();
    return this.#records.length < this.#maxRecords && this.#chars < this.#maxChars;
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
    this.#handOut();
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
    return this.#handOut();
  }

  #handOut(): readonly StreamRecord[] {
    const records = this.#records;
    this.#records = [];
    this.#chars = 0;
    return records;
  }
}
