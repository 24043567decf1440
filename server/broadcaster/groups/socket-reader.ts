import { CloseCode } from '../../../shared/close-codes.ts';
import type { EventSubscription, Reading } from '../../event-manager/event-subscription.ts';
import type { Feed, FeedReader } from '../../event-manager/feed.ts';
import type { StreamRecord } from '../../event-manager/stream-record.ts';
import { connectionId } from '../connection-id.ts';
import { cut } from '../cut.ts';
import type { LiveCall } from '../live.ts';
import type { EncodeBody } from './body.ts';
import { EncodedBatch } from './encoded-batch.ts';
import type { FrameStyle, FrameStyles } from './frame-style.ts';
import type { FrameWriter } from './frame-writer.ts';
import type { Groups, Member } from './group.ts';

/** What a reader needs of an EventSubscription, whatever its events. */
type LiveSubscription = Pick<EventSubscription<never, never>, 'attach' | 'whenSlow'>;

/** What all socket readers of a server share. */
export interface SocketReaderSetup {
  readonly groups: Groups;
  readonly encode: EncodeBody;
  /** Bytes a connection may have unsent [D9]. */
  readonly highWaterBytes: number;
  readonly styles: FrameStyles;
}

/** One subscription of one socket: reads its feed while catching up, a member of its group while live. */
export class SocketReader implements FeedReader, Member {
  readonly style: FrameStyle;
  readonly #call: LiveCall;
  readonly #writer: FrameWriter;
  readonly #setup: SocketReaderSetup;
  readonly #highWaterBytes: number;
  readonly #feed: Reading;
  readonly #subscription: LiveSubscription;
  /** Where it is live. */
  #hub: Feed['hub'] | undefined;

  constructor(subscription: LiveSubscription, call: LiveCall, writer: FrameWriter, setup: SocketReaderSetup) {
    this.#subscription = subscription;
    this.#call = call;
    this.#writer = writer;
    this.#setup = setup;
    this.#highWaterBytes = setup.highWaterBytes;
    this.style = setup.styles.of(call);
    this.#feed = subscription.attach(this);
  }

  get name(): string {
    return `${connectionId(this.#call.connection.socket)}/${this.#call.id}`;
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
    return this.#writer.unsent > this.#highWaterBytes;
  }

  refuses(): boolean {
    if (!this.isFull) return false;
    this.#wait();
    return true;
  }

  write(frames: Buffer): boolean {
    return this.#writer.write(frames) <= this.#highWaterBytes;
  }

  overflow(missed: boolean): void {
    this.#feed.fellBehind(missed ? this.#hub?.previous : undefined);
    if (this.#subscription.whenSlow === 'disconnect') {
      cut(this.#call.connection.ws, CloseCode.SLOW_CONSUMER, 'reads too slowly: resume from the last cursor');
    } else {
      this.#wait();
    }
  }

  fail(error: unknown): void {
    this.#call.end(error instanceof Error ? error : new Error(String(error)));
  }

  #wait(): void {
    this.#writer.flush(); // or what is unsent cannot drain
    void this.#call.connection.backlog.drained().then(() => this.#feed.resume());
  }
}
