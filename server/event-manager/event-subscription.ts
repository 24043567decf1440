import { type TrackedEnvelope, tracked } from '@trpc/server';
import type { AnyCatalog } from '../../shared/catalog.ts';
import type { EventName } from '../../shared/events.ts';
import type { StreamItem } from '../../shared/stream-items.ts';
import type { WhenSlow } from '../../shared/when-slow.ts';
import type { Feed, FeedReader } from './feed.ts';
import { PullReader } from './pull-reader.ts';
import { itemOf } from './stream-record.ts';

/** How much an iterator may be behind before its feed waits, whichever comes first. */
const PULL_RECORDS = 256;
const PULL_CHARS = 1024 * 1024;

/** A reader's way through what it subscribed to: a feed, or several as one. */
export type Reading = Pick<Feed, 'resume' | 'fellBehind' | 'close'>;

export interface EventSubscriptionOptions {
  /** Starts to feed a reader, which is not called before this returns. */
  attach: (reader: FeedReader) => Reading;
  whenSlow: WhenSlow;
  /** Ends iteration. */
  signal: AbortSignal | undefined;
}

/**
 * What an `on.*` procedure returns: an AsyncIterable for every tRPC adapter (SSE, the stock WebSocket adapter,
 * `createCaller`), and for the broadcaster something to attach a socket to directly. Each use is a subscription of
 * its own; nothing happens before the first.
 */
export class EventSubscription<N extends EventName<C>, C extends AnyCatalog>
  implements AsyncIterable<TrackedEnvelope<StreamItem<N, C>>>
{
  readonly #options: EventSubscriptionOptions;

  constructor(options: EventSubscriptionOptions) {
    this.#options = options;
  }

  /** What is to happen when a reader cannot keep up. */
  get whenSlow(): WhenSlow {
    return this.#options.whenSlow;
  }

  /** Feeds a reader until it calls `close`. The reader is not called before this returns. */
  attach(reader: FeedReader): Reading {
    return this.#options.attach(reader);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<TrackedEnvelope<StreamItem<N, C>>, void, undefined> {
    const { signal } = this.#options;
    if (signal?.aborted) return;
    const reader = new PullReader(PULL_RECORDS, PULL_CHARS);
    const feed = this.attach(reader);
    const stop = (): void => reader.close();
    signal?.addEventListener('abort', stop);
    try {
      for (let records = await reader.next(); records !== null; records = await reader.next()) {
        for (const record of records) {
          if (signal?.aborted) return;
          // The selector let nothing else through than events N and notices.
          yield tracked(record.cursor, itemOf<C>(record) as StreamItem<N, C>);
        }
        feed.resume();
      }
    } finally {
      signal?.removeEventListener('abort', stop);
      feed.close();
    }
  }
}
