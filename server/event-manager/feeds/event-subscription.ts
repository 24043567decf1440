import type { AnyCatalog } from '../../../shared/catalog.ts';
import type { EventName } from '../../../shared/events.ts';
import type { WhenSlow } from '../../../shared/options/read-options.ts';
import { onAbort } from '../../../shared/timing.ts';
import { type DeliveredItem, deliveredItem } from '../records/stream-record.ts';
import type { FeedHandle, FeedReader } from './feed-reader.ts';
import { PulledItems } from './pulled-items.ts';

export interface EventSubscriptionOptions {
  /** Starts to feed a reader, which is not called before this returns. */
  attach: (reader: FeedReader) => FeedHandle;
  /** Default `refill`. */
  whenSlow?: WhenSlow | undefined;
  /** Ends iteration, as if there were no further items. */
  signal: AbortSignal | undefined;
  /** Ends each use of it, attached or iterated, with the signal's reason as the error. Default: nothing does. */
  ends?: AbortSignal | undefined;
}

/**
 * A subscription: an AsyncIterable of events with their cursors, and for the broadcaster something to attach a reader to
 * directly. Each use is a subscription of its own; nothing happens before the first. A tRPC procedure returns it as
 * `trackedItems(() => subscription)`.
 */
export class EventSubscription<N extends EventName<C>, C extends AnyCatalog>
  implements AsyncIterable<DeliveredItem<N, C>>
{
  readonly #options: EventSubscriptionOptions;

  constructor(options: EventSubscriptionOptions) {
    this.#options = options;
  }

  /** Treatment of a reader that cannot keep up. */
  get whenSlow(): WhenSlow {
    return this.#options.whenSlow ?? 'refill'; // null is as undefined, as over the wire
  }

  /** A copy of this subscription, each use of which ends when a signal aborts, with its reason as the error. */
  endedBy(ends: AbortSignal | undefined): EventSubscription<N, C> {
    return new EventSubscription({ ...this.#options, ends });
  }

  /** Feeds a reader until it calls `close`. The reader is not called before this returns. */
  attach(reader: FeedReader): FeedHandle {
    const { attach, ends } = this.#options;
    const feed = attach(reader);
    if (!ends) return feed;
    const end = (): void => {
      feed.close();
      reader.fail(ends.reason);
    };
    const letGo = onAbort(ends, end);
    if (ends.aborted) queueMicrotask(end);
    return {
      resume: () => feed.resume(),
      close() {
        letGo();
        feed.close();
      },
    };
  }

  [Symbol.asyncIterator](): PulledItems<DeliveredItem<N, C>> {
    const { signal, ends } = this.#options;
    const open = (reader: FeedReader) => this.attach(reader);
    return new PulledItems(open, deliveredItem<N, C>, { whenSlow: this.whenSlow, signal, ends });
  }
}
