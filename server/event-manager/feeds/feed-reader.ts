import { randomUUID } from 'node:crypto';
import { EventsError } from '../../../shared/errors.ts';
import type { WhenSlow } from '../../../shared/options/read-options.ts';
import type { Batch } from '../hubs/hub.ts';
import { erases } from '../records/erasure.ts';
import type { StreamRecord } from '../records/stream-record.ts';

/** The reader of a feed: an outlet, an iterator, or the merged feed of several topics. */
export interface FeedReader {
  /** Its name for the log. */
  readonly name: string;
  /** Readers of one group that select alike get the same bytes. Left out: it shares them with nobody. */
  readonly group?: object | undefined;
  /** True while others of its client fill it: it is handed nothing live then. Left out: never. */
  readonly isFull?: boolean;
  /** True while others of its client wait for it to take what it was sent: it is handed nothing of the log then. Left out: never. */
  readonly isAwaited?: boolean;
  /** Takes records in order. False: no more for now. */
  take(batch: Batch): boolean;
  /** Called once the feed waits for it: the reader calls `feed.resume()` when it has room, or ends it. @param live false while it caught up */
  waitedFor(feed: FeedHandle, live: boolean): void;
  /** The feed ended by itself, with an error the subscriber should see. */
  fail(error: unknown): void;
}

/** A reader's way through what it subscribed to: a feed, or several as one. */
export interface FeedHandle {
  /** The reader has room again. */
  resume(): void;
  close(): void;
}

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

  take({ records }: Batch): boolean {
    if (this.#end) return false; // nothing may follow what was forgotten
    for (const record of records) {
      if (record.erases) this.#erase(record);
      this.#records.push(record);
      this.#chars += charsOf(record);
    }
    this.#wake();
    return this.#chars < this.#maxChars;
  }

  waitedFor(feed: FeedHandle, live: boolean): void {
    if (live && this.#whenSlow === 'disconnect') this.#disconnect(feed);
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
  #disconnect(feed: FeedHandle): void {
    feed.close();
    this.#forget();
    this.fail(
      new EventsError('SLOW_CONSUMER', 'The subscription was read too slowly: resume from the last cursor.'),
    );
  }

  /** Lets go of records that were erased: they are not delivered any more. */
  #erase(erasure: StreamRecord): void {
    this.#records = this.#records.filter((record) => !erases(erasure, record));
    this.#chars = this.#records.reduce((sum, record) => sum + charsOf(record), 0);
  }

  #forget(): void {
    this.#records = [];
    this.#chars = 0;
  }
}

function charsOf({ json, cursor }: StreamRecord): number {
  return json.length + cursor.length + RECORD_CHARS;
}
