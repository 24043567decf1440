import type { Position } from '../../../shared/cursor.ts';
import type { StreamSynced } from '../../../shared/stream-items.ts';
import { Batch, type Sink } from '../hubs/hub.ts';
import type { MergedHub, MergedHubs } from '../hubs/merged-hub.ts';
import type { Reads } from '../reading/steps.ts';
import { erases } from '../records/erasure.ts';
import { inHandfuls, Places } from '../records/places.ts';
import { allSyncedRecord, decodeRecord, type StreamRecord } from '../records/stream-record.ts';
import { Feed } from './feed.ts';
import type { FeedHandle, FeedReader } from './feed-reader.ts';
import { type Following, type Part, type PartsOwner, TopicParts, type TopicSource } from './topic-parts.ts';

/** Records read from all the logs together while catching up. */
const READ_RECORDS = 512;

export interface MergedFeedOptions extends Following {
  /** Hubs that it shares with those who follow the same. */
  hubs: MergedHubs;
  reader: FeedReader;
  /** Its owner, see Selection.subject. */
  subject?: string | undefined;
  reads: Reads;
  /** Called once. */
  onClose: () => void;
}

/**
 * The feeds of several topics as one: each topic in its order, none waiting for another. Every item carries the
 * positions in all of them, hence nothing is delivered before all are known.
 *
 * It feeds its reader from its parts until all of them are live; then it parks them and joins the merged hub of their
 * hubs, which hands it items that are made once for all who follow the same. It goes back to its parts when the reader
 * falls behind, and when a topic appears.
 */
export class MergedFeed implements FeedHandle, Sink, PartsOwner {
  readonly #options: MergedFeedOptions;
  readonly #parts: TopicParts;
  /** Its place while it is fed from its parts. */
  #places = new Places();
  /** Topics there were at the start that are not level yet. */
  #behind = new Set<string>();
  #recovered = true;
  /** Feeds it while its parts are parked. */
  #merged: MergedHub | null = null;
  #full = false;
  #closed = false;

  constructor(options: MergedFeedOptions) {
    this.#options = options;
    this.#parts = new TopicParts(options, this);
  }

  start(): void {
    this.#parts.start();
  }

  resume(): void {
    if (!this.#full) return;
    this.#full = false;
    const parts = [...this.#parts];
    for (const part of parts) {
      const records = part.waiting;
      part.waiting = [];
      if (records.length > 0 && !this.#forward(part, records)) return;
    }
    for (const { feed } of parts) feed.resume();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#merged?.leave(this);
    this.#parts.close();
    this.#options.onClose();
  }

  /** Ends it with an error that the subscriber should see. */
  end(error: unknown): void {
    if (this.#closed) return;
    this.close();
    this.#options.reader.fail(error);
  }

  get name(): string {
    return this.#options.reader.name;
  }

  get group(): object | undefined {
    return this.#options.reader.group;
  }

  get subject(): string | undefined {
    return this.#options.subject;
  }

  get isFull(): boolean {
    return this.#options.reader.isFull ?? false;
  }

  /** Hands on items of the merged hub. */
  take(batch: Batch): boolean {
    return this.#options.reader.take(batch);
  }

  overflow(missed: boolean): void {
    const standing = this.#merged?.standing(missed);
    if (!standing || this.#closed) return;
    this.#leave(standing.places);
    for (const { feed } of this.#parts) {
      const { hub } = feed;
      feed.fellBehind(standing.in(hub), standing.isIn(hub));
    }
    this.#fellBehind();
  }

  partOf(topic: string, { lease, selector, conflate }: TopicSource, among: number): Part {
    this.#toParts(); // the merged hub does not know the new one
    const part: Part = {
      topic,
      feed: new Feed({
        hub: lease.hub,
        selector,
        reader: this.#readerOf(() => part),
        subject: this.#options.subject,
        reads: this.#options.reads,
        conflate,
        readRecords: Math.ceil(READ_RECORDS / Math.max(1, among)),
        // Later, when no hub is handing out: a part comes to be live in the midst of anything.
        onLive: () => queueMicrotask(() => this.#toMerged()),
        onClose: () => lease.release(),
      }),
      waiting: [],
    };
    return part;
  }

  began(topics: readonly string[]): void {
    this.#behind = new Set(topics);
    if (topics.length === 0) this.#hand([allSyncedRecord(this.#places.cursor, true)]);
  }

  placed(topic: string, position: Position): void {
    this.#places = this.#places.with(topic, position);
  }

  failed(error: unknown): void {
    this.end(error);
  }

  /** The reader of one topic's feed, on its way to that of all. */
  #readerOf(part: () => Part): FeedReader {
    const { reader } = this.#options;
    return {
      name: reader.name,
      get isFull() {
        return reader.isFull ?? false;
      },
      get isAwaited() {
        return reader.isAwaited ?? false;
      },
      take: ({ records }) => this.#take(part(), records),
      waitedFor: () => this.#fellBehind(),
      fail: (error) => this.end(error),
    };
  }

  /** Shares with those who follow the same, once all that the hubs have handed out was delivered: no await in between [D7]. */
  #toMerged(): void {
    const parts = [...this.#parts];
    if (this.#closed || this.#full || this.#merged || !parts.every(({ feed }) => feed.isLive)) return;
    for (const { feed } of parts) feed.park();
    this.#merged = this.#options.hubs.join(
      parts.map(({ feed: { hub, selector } }) => ({ hub, selector })),
      this,
    );
  }

  /** Goes on from its parts, while no hub is handing out. */
  #toParts(): void {
    if (!this.#merged) return;
    this.#leave(this.#merged.standing(false).places);
    for (const { feed } of this.#parts) feed.unpark();
  }

  #leave(places: Places): void {
    this.#merged?.leave(this);
    this.#merged = null;
    this.#places = places;
  }

  #take(part: Part, records: readonly StreamRecord[]): boolean {
    if (this.#closed) return false;
    if (!this.#full) return this.#forward(part, records);
    for (const record of records) {
      if (record.erases) part.waiting = part.waiting.filter((waiting) => !erases(record, waiting));
      part.waiting.push(record);
    }
    return false;
  }

  #forward(part: Part, records: readonly StreamRecord[]): boolean {
    for (const { items, end } of inHandfuls(records, (record) => this.#itemsOf(part, record))) {
      if (this.#hand(items)) continue;
      part.waiting.push(...records.slice(end));
      return false;
    }
    return true;
  }

  #hand(items: readonly StreamRecord[]): boolean {
    if (this.#closed) return false;
    if (this.#options.reader.take(new Batch(items))) return true;
    this.#fellBehind();
    return false;
  }

  /** The reader is full: what comes from here on comes from the logs. */
  #fellBehind(): void {
    if (this.#full || this.#closed) return;
    this.#full = true;
    for (const { feed } of this.#parts) feed.fellBehind();
    this.#options.reader.waitedFor(this, false); // options say that it is never cut
  }

  #itemsOf({ topic }: Part, record: StreamRecord): StreamRecord[] {
    if (record.type !== 'stream_synced') {
      const placed = this.#places.place(topic, record);
      this.#places = placed.places;
      return [placed.record];
    }
    this.#places = this.#places.with(topic, record);
    if (!this.#behind.delete(topic)) return []; // it came later
    const { recovered } = (decodeRecord(record) as StreamSynced).data;
    this.#recovered &&= recovered;
    return this.#behind.size > 0 ? [] : [allSyncedRecord(this.#places.cursor, this.#recovered)];
  }
}
