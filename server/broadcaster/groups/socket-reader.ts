import { CloseCode } from '../../../shared/close-codes.ts';
import type { EventSubscription } from '../../event-manager/event-subscription.ts';
import type { Feed, FeedReader } from '../../event-manager/feed.ts';
import type { StreamRecord } from '../../event-manager/stream-record.ts';
import { cut } from '../cut.ts';
import type { LiveCall } from '../live.ts';
import type { EncodeBody } from './body.ts';
import { EncodedBatch, type FrameStyle } from './encoded-batch.ts';
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
  /** Bodies of at least this many bytes go compressed to clients that take it. */
  readonly compressFrom: number;
}

/** One subscription of one socket: reads its feed while catching up, a member of its group while live. */
export class SocketReader implements FeedReader, Member {
  readonly style: FrameStyle;
  readonly #call: LiveCall;
  readonly #writer: FrameWriter;
  readonly #setup: SocketReaderSetup;
  readonly #feed: Feed;
  readonly #subscription: LiveSubscription;

  constructor(subscription: LiveSubscription, call: LiveCall, writer: FrameWriter, setup: SocketReaderSetup) {
    this.#subscription = subscription;
    this.#call = call;
    this.#writer = writer;
    this.#setup = setup;
    this.style = styleOf(call, setup.compressFrom);
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
    return this.#setup.groups.join(feed, this);
  }

  write(frames: Buffer): boolean {
    this.#writer.write(frames);
    return this.#writer.unsentBytes <= this.#setup.highWaterBytes;
  }

  overflow(): void {
    this.#feed.fellBehind();
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

function styleOf({ connection, id, jsonrpc }: LiveCall, compressFrom: number): FrameStyle {
  const prefix = `{"id":${JSON.stringify(id)},${jsonrpc ? `"jsonrpc":"${jsonrpc}",` : ''}`;
  const compresses = connection.ws.extensions.includes('permessage-deflate');
  return {
    prefix: Buffer.from(prefix),
    key: compresses ? `z${prefix}` : prefix,
    compressFrom: compresses ? compressFrom : Number.POSITIVE_INFINITY,
  };
}
