import { type TrackedEnvelope, tracked } from '@trpc/server';
import type { AnyCatalog } from '../../../shared/catalog.ts';
import type { EventName } from '../../../shared/events.ts';
import type { WhenSlow } from '../../../shared/read-options.ts';
import type { StreamItem } from '../../../shared/stream-items.ts';
import { onAbort } from '../../../shared/timing.ts';
import { UNSENT_BYTES } from '../reading/asker.ts';
import { itemOf } from '../records/stream-record.ts';
import type { Feed, FeedReader } from './feed.ts';
import { PullReader } from './pull-reader.ts';

/** A reader's way through what it subscribed to: a feed, or several as one. */
export type FeedHandle = Pick<Feed, 'resume' | 'fellBehind' | 'close'>;

export interface EventSubscriptionOptions {
  /** Starts to feed a reader, which is not called before this returns. */
  attach: (reader: FeedReader) => FeedHandle;
  whenSlow: WhenSlow;
  /** Ends iteration, as if there were no further items. */
  signal: AbortSignal | undefined;
  /** Ends each use of it, attached or iterated, with the signal's reason as the error. Default: nothing does. */
  ends?: AbortSignal | undefined;
  /** Makes what a reader is told of the error that ended its subscription. Default: the error itself. */
  tell?: ((error: unknown) => unknown) | undefined;
}

/**
 * The result of an `on.*` procedure: an AsyncIterable for every tRPC adapter (SSE, the stock WebSocket adapter,
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

  /** Treatment of a reader that cannot keep up. */
  get whenSlow(): WhenSlow {
    return this.#options.whenSlow;
  }

  /** A copy of this subscription that tells its errors in another form, or ends with a signal. */
  limited(options: Pick<EventSubscriptionOptions, 'ends' | 'tell'>): EventSubscription<N, C> {
    return new EventSubscription({ ...this.#options, ...options });
  }

  /** Feeds a reader until it calls `close`. The reader is not called before this returns. */
  attach(reader: FeedReader): FeedHandle {
    const { attach, tell = asItIs, ends } = this.#options;
    const feed = attach({
      name: reader.name,
      take: (records) => reader.take(records),
      goLive: (feed) => reader.goLive(feed),
      refuses: () => reader.refuses?.() ?? false,
      fail: (error) => reader.fail(tell(error)),
    });
    if (!ends) return feed;
    const end = (): void => {
      feed.close();
      reader.fail(tell(ends.reason));
    };
    const letGo = onAbort(ends, end);
    if (ends.aborted) queueMicrotask(end);
    return {
      resume: () => feed.resume(),
      fellBehind: (at) => feed.fellBehind(at),
      close() {
        letGo();
        feed.close();
      },
    };
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<TrackedEnvelope<StreamItem<N, C>>, void, undefined> {
    const { signal, ends, tell = asItIs } = this.#options;
    if (signal?.aborted) return;
    const reader = new PullReader(UNSENT_BYTES, this.whenSlow);
    const feed = this.attach(reader);
    const letGo = signal && onAbort(signal, () => reader.close());
    try {
      for (let record = await reader.next(); record !== null; record = await reader.next()) {
        if (ends?.aborted) throw tell(ends.reason); // nothing more, not even what waits
        // The selector let nothing else through than events N and notices.
        yield tracked(record.cursor, itemOf<C>(record) as StreamItem<N, C>);
        if (reader.isEmpty) feed.resume();
      }
    } finally {
      letGo?.();
      feed.close();
    }
  }
}

const asItIs = (error: unknown): unknown => error;
