import { CloseCode } from '../../../shared/protocol.ts';
import { EventSubscription } from '../../event-manager/feeds/event-subscription.ts';
import type { FeedHandle, FeedReader } from '../../event-manager/feeds/feed-reader.ts';
import type { Batch, EncodeBody, FrameStyle } from '../../event-manager/hubs/hub.ts';
import { toldError } from '../../trpc/errors.ts';
import { TrackedItems } from '../../trpc/tracked-items.ts';
import type { Outlet } from '../core/outlet.ts';
import { type FrameWriter, FrameWriters } from './frame-writer.ts';

/** The part of an EventSubscription that a reader needs, whatever its events. */
export type LiveSubscription = Pick<EventSubscription<never, never>, 'attach' | 'whenSlow'>;

/** The subscription that a procedure returned as `trackedItems`; undefined for a result that has to be iterated. */
export function subscriptionOf(result: unknown): LiveSubscription | undefined {
  return result instanceof TrackedItems && result.source instanceof EventSubscription
    ? result.source
    : undefined;
}

/** One subscriber: where its frames go, and in which form. */
export interface Recipient {
  readonly outlet: Outlet;
  readonly style: FrameStyle;
  /** Names the subscriber in the log. */
  readonly name: string;
  /** Ends the subscription from this side, with an error that its client is told. */
  end(error: Error): void;
}

/** The parts that all readers of one delivery share. */
interface Delivery {
  readonly encode: EncodeBody;
  /** Bytes an outlet may have unsent [D9]. */
  readonly highWaterBytes: number;
}

/**
 * Delivers event subscriptions to the outlets of one transport, in groups, instead of iterating each: an event is
 * matched and encoded once for all who want it.
 */
export class GroupDelivery {
  readonly #writers = new FrameWriters();
  readonly #delivery: Delivery;

  /**
   * @param encode makes the bytes of an event that are the same for everybody
   * @param highWaterBytes bytes an outlet may have unsent before its reader is refilled from the log, conflated or cut [D9]
   */
  constructor(encode: EncodeBody, highWaterBytes: number) {
    this.#delivery = { encode, highWaterBytes };
  }

  /** Begins to write a subscription's items. Returns what ends it: nothing is written after. */
  deliver(subscription: LiveSubscription, recipient: Recipient): () => void {
    const reader = new OutletReader(
      subscription,
      recipient,
      this.#writers.of(recipient.outlet),
      this.#delivery,
    );
    return () => reader.close();
  }
}

/** One subscription of one outlet: reads its feed, alone while it catches up, and in a group while it is live. */
class OutletReader implements FeedReader {
  readonly #isCut: boolean;
  readonly #recipient: Recipient;
  readonly #writer: FrameWriter;
  readonly #delivery: Delivery;
  readonly #feed: FeedHandle;
  #closed = false;

  constructor(subscription: LiveSubscription, recipient: Recipient, writer: FrameWriter, delivery: Delivery) {
    this.#isCut = subscription.whenSlow === 'disconnect'; // and nothing else of it: it may hold a long list of options
    this.#recipient = recipient;
    this.#writer = writer;
    this.#delivery = delivery;
    this.#feed = subscription.attach(this);
    writer.readers++;
  }

  get name(): string {
    return this.#recipient.name;
  }

  get group(): object {
    return this.#delivery;
  }

  get isFull(): boolean {
    return this.#writer.unsent > this.#delivery.highWaterBytes;
  }

  get isAwaited(): boolean {
    return this.#writer.isAwaited;
  }

  take(batch: Batch): boolean {
    const frames = batch.framesFor(this.#delivery.encode, this.#recipient.style);
    return this.#writer.write(frames) <= this.#delivery.highWaterBytes;
  }

  waitedFor(_: FeedHandle, live: boolean): void {
    const { outlet } = this.#recipient;
    if (live && this.#isCut) {
      outlet.close(CloseCode.SLOW_CONSUMER, 'reads too slowly: resume from the last cursor');
      return;
    }
    this.#writer.whenDrained(() => this.#feed.resume());
  }

  fail(cause: unknown): void {
    const error = toldError(cause);
    this.#recipient.end(error instanceof Error ? error : new Error(String(error)));
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#writer.readers--;
    this.#feed.close();
    this.#writer.flush();
  }
}
