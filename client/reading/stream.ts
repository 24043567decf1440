import { onAbort } from '../../shared/timing.ts';
import type { AnyItem } from './items.ts';
import { OpenEvents } from './open-events.ts';
import type { Subscription, SubscriptionSink } from './subscription.ts';

/** An item and the position right after it. */
interface PulledItem {
  cursor: string;
  event: AnyItem;
}

/** Starts a subscription after a position, or where it was asked to start, with what is known to be open there. */
type Open = (sink: SubscriptionSink, after: string | undefined, known: OpenEvents) => Subscription;

/**
 * Items for a reader that pulls. The server's log is the queue: past `bufferSize` the subscription stops, and goes on
 * from there once they are read. So a reader that stays behind costs no memory, and loses only what the log trims,
 * which a `stream_gap` tells.
 *
 * @throws EventsError what ended the subscription
 */
export async function* pull(
  open: Open,
  bufferSize: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<PulledItem, void, undefined> {
  if (signal?.aborted) return;
  const buffer = new PullBuffer(open, bufferSize);
  const letGo = signal && onAbort(signal, () => buffer.onEnd(null));
  try {
    for (let item = await buffer.next(); item && !signal?.aborted; item = await buffer.next()) yield item;
  } finally {
    letGo?.();
    buffer.stop();
  }
}

class PullBuffer implements SubscriptionSink {
  readonly #open: Open;
  readonly #size: number;
  readonly #known = new OpenEvents();
  #items: PulledItem[] = [];
  #subscription: Subscription | null = null;
  #cursor: string | undefined;
  #end: { error: Error | null } | null = null;
  #wake: () => void = () => {};

  constructor(open: Open, size: number) {
    this.#open = open;
    this.#size = size;
  }

  onItem(event: AnyItem, cursor: string): void {
    const last = this.#items.at(-1);
    if (last && isGrowth(last.event, event)) this.#items[this.#items.length - 1] = { cursor, event };
    else this.#items.push({ cursor, event });
    this.#cursor = cursor;
    if (this.#items.length >= this.#size) this.stop();
    this.#wake();
  }

  onStatus(): void {}

  onRetry(): void {}

  onEnd(error: Error | null): void {
    this.#end ??= { error };
    this.#wake();
  }

  stop(): void {
    this.#subscription?.stop();
    this.#subscription = null;
  }

  /** The next item; undefined at the end. One caller at a time. */
  async next(): Promise<PulledItem | undefined> {
    for (;;) {
      const item = this.#items.shift();
      if (item) return item;
      if (this.#end?.error) throw this.#end.error;
      if (this.#end) return undefined;
      this.#subscription ??= this.#open(this, this.#cursor, this.#known);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

/** Tells if an item is an open event right after the same one as it was: whoever has read neither needs the later one [O6]. */
function isGrowth(last: AnyItem, item: AnyItem): boolean {
  if (!('open' in last && 'open' in item)) return false;
  const isNoRecord = last.stored === false && item.stored === false;
  return isNoRecord && item.open?.state === 'open' && last.open?.id === item.open.id;
}
