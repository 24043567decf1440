import { randomUUID } from 'node:crypto';
import { EventsError } from '../../../shared/errors.ts';
import type { WhenSlow } from '../../../shared/read-options.ts';
import type { StreamRecord } from '../records/stream-record.ts';
import type { Feed, FeedReader } from './feed.ts';
import { liveAlone } from './live-alone.ts';

/** Approximate size of a record beside its texts, in characters. */
const RECORD_CHARS = 100;

/**
 * Reads a feed for whoever pulls (an async iterator): holds a bounded part of it; beyond that the feed waits, and the
 * log keeps the rest.
 */
export class PullReader implements FeedReader {
  readonly name = `iterator-${randomUUID()}`;
  readonly #maxChars: number;
  readonly #whenSlow: WhenSlow;
  #records: StreamRecord[] = [];
  /** Size of the records that wait. */
  #chars = 0;
  #wake: () => void = () => {};
  #end: { error?: unknown } | null = null;

  /**
   * One batch more may be held than these say.
   * @param maxChars characters of JSON that may wait before the reader is slow [D9]
   * @param whenSlow `disconnect` ends it then; else the feed waits, and knows how it goes on
   */
  constructor(maxChars: number, whenSlow: WhenSlow) {
    this.#maxChars = maxChars;
    this.#whenSlow = whenSlow;
  }

  take(records: readonly StreamRecord[]): boolean {
    for (const record of records) {
      this.#records.push(record);
      this.#chars += charsOf(record);
    }
    this.#wake();
    return this.#chars < this.#maxChars;
  }

  goLive(feed: Feed): () => void {
    return liveAlone(feed, this.name, (records) => {
      const room = this.take(records);
      if (!room && this.#whenSlow === 'disconnect') this.#disconnect(feed);
      return room;
    });
  }

  fail(error: unknown): void {
    this.#end ??= { error };
    this.#wake();
  }

  /** Nothing more is wanted: `next` resolves with null. */
  close(): void {
    this.#end ??= {};
    this.#forget();
    this.#wake();
  }

  /** The next record; null once closed. One caller at a time. @throws the feed's error, after what came before it */
  async next(): Promise<StreamRecord | null> {
    for (;;) {
      const record = this.#records.shift();
      if (record) {
        this.#chars -= charsOf(record);
        return record;
      }
      if (this.#end && 'error' in this.#end) throw this.#end.error;
      if (this.#end) return null;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Tells if nothing waits: then the feed may go on. */
  get isEmpty(): boolean {
    return this.#records.length === 0;
  }

  /** Ends it as a socket is cut: records that wait are not delivered any more. */
  #disconnect(feed: Feed): void {
    feed.close();
    this.#forget();
    this.fail(
      new EventsError('SLOW_CONSUMER', 'The subscription was read too slowly: resume from the last cursor.'),
    );
  }

  #forget(): void {
    this.#records = [];
    this.#chars = 0;
  }
}

function charsOf({ json, cursor }: StreamRecord): number {
  return json.length + cursor.length + RECORD_CHARS;
}
