import { CloseCode } from '../../../shared/protocol.ts';
import type { EventSubscription, FeedHandle } from '../../event-manager/feeds/event-subscription.ts';
import type { Feed, FeedReader } from '../../event-manager/feeds/feed.ts';
import type { StreamRecord } from '../../event-manager/records/stream-record.ts';
import type { Outlet } from '../core/outlet.ts';
import type { EncodeBody } from './body.ts';
import { EncodedBatch } from './encoded-batch.ts';
import type { FrameStyle } from './frame-style.ts';
import type { FrameWriter } from './frame-writer.ts';
import type { Groups, Member } from './group.ts';

/** The part of an EventSubscription that a reader needs, whatever its events. */
export type LiveSubscription = Pick<EventSubscription<never, never>, 'attach' | 'whenSlow'>;

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
export interface OutletReaderSetup {
  readonly groups: Groups;
  readonly encode: EncodeBody;
  /** Bytes an outlet may have unsent [D9]. */
  readonly highWaterBytes: number;
}

/** One subscription of one outlet: reads its feed while catching up, a member of its group while live. */
export class OutletReader implements FeedReader, Member {
  readonly style: FrameStyle;
  readonly name: string;
  readonly #recipient: Recipient;
  readonly #writer: FrameWriter;
  readonly #setup: OutletReaderSetup;
  readonly #feed: FeedHandle;
  readonly #subscription: LiveSubscription;
  /** The group in which it is live. */
  #hub: Feed['hub'] | undefined;

  constructor(
    subscription: LiveSubscription,
    recipient: Recipient,
    writer: FrameWriter,
    setup: OutletReaderSetup,
  ) {
    this.style = recipient.style;
    this.name = recipient.name;
    this.#subscription = subscription;
    this.#recipient = recipient;
    this.#writer = writer;
    this.#setup = setup;
    this.#feed = subscription.attach(this);
  }

  close(): void {
    this.#feed.close();
    this.#writer.flush();
  }

  take(records: readonly StreamRecord[]): boolean {
    const room = this.write(new EncodedBatch(records, this.#setup.encode).framesFor(this.style));
    if (!room) this.#wait();
    return room;
  }

  goLive(feed: Feed): () => void {
    this.#hub = feed.hub;
    const leave = this.#setup.groups.join(feed, this);
    const notLive = this.#writer.addLive();
    return () => {
      notLive();
      leave();
    };
  }

  get isFull(): boolean {
    return this.#writer.unsent > this.#setup.highWaterBytes;
  }

  refuses(): boolean {
    if (!this.isFull) return false;
    this.#wait();
    return true;
  }

  write(frames: Buffer): boolean {
    return this.#writer.write(frames) <= this.#setup.highWaterBytes;
  }

  overflow(missed: boolean): void {
    this.#feed.fellBehind(missed ? this.#hub?.previous : undefined);
    if (this.#subscription.whenSlow === 'disconnect') {
      const reason = 'reads too slowly: resume from the last cursor';
      this.#recipient.outlet.close(CloseCode.SLOW_CONSUMER, reason);
    } else {
      this.#wait();
    }
  }

  fail(error: unknown): void {
    this.#recipient.end(error instanceof Error ? error : new Error(String(error)));
  }

  #wait(): void {
    this.#writer.flush(); // or what is unsent cannot drain
    void this.#recipient.outlet.drained().then(() => this.#feed.resume());
  }
}
