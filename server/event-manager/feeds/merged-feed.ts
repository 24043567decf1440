import { type Position, parseTopicsCursor, type Since } from '../../../shared/cursor.ts';
import { EventsError } from '../../../shared/errors.ts';
import type { StreamSynced } from '../../../shared/stream-items.ts';
import { MAX_TOPICS, type TopicChoice } from '../../../shared/topic.ts';
import type { Broker, Tail } from '../../broker/broker.ts';
import { Batch, type Hub } from '../hubs/hub.ts';
import type { HubLease } from '../hubs/hub-registry.ts';
import type { ReadSteps, Reads } from '../reading/steps.ts';
import type { KeyOf } from '../records/conflation.ts';
import { Places } from '../records/places.ts';
import type { Selector } from '../records/selector.ts';
import { allSyncedRecord, decodeRecord, type StreamRecord } from '../records/stream-record.ts';
import { Feed } from './feed.ts';
import type { FeedHandle, FeedReader } from './feed-reader.ts';
import { type FeedStart, feedStart } from './feed-start.ts';

/** Records read from all the logs together while catching up. */
const READ_RECORDS = 512;
/** Characters handed to the reader at once: a small record has a cursor that may be a hundred times as long. */
const HANDED_CHARS = 256 * 1024;

/** The followed part of one topic. */
export interface TopicSource {
  readonly lease: HubLease;
  readonly selector: Selector;
  readonly conflate: KeyOf | undefined;
}

export interface MergedFeedOptions {
  choice: TopicChoice;
  /** A cursor of several topics, or where to start in each. */
  since: Since | undefined;
  /** Tells which topics there are, see Broker.topics. */
  topics: Broker['topics'];
  /** Opens a topic; null if nothing of it is for this subscriber. */
  open: (topic: string) => Promise<TopicSource | null>;
  reader: FeedReader;
  reads: Reads;
  /** Called once. */
  onClose: () => void;
}

interface Part {
  readonly topic: string;
  readonly feed: Feed;
  /** Delivered by the feed while the reader was full. */
  waiting: StreamRecord[];
}

/**
 * The feeds of several topics as one: each topic in its order, none waiting for another. Every item carries the
 * positions in all of them, hence nothing is delivered before all are known.
 *
 * A topic that comes later, and one that the cursor does not know, is followed from its beginning.
 */
export class MergedFeed implements FeedHandle {
  readonly #options: MergedFeedOptions;
  readonly #parts = new Map<string, Part>();
  /** Topics that are followed, and those that are being opened. Of others there may be any number: they are not remembered. */
  readonly #met = new Set<string>();
  #places = new Places();
  /** Topics there were at the start: those without a position yet, and those not level yet. */
  #unplaced = new Set<string>();
  #behind = new Set<string>();
  readonly #allPlaced: Promise<void>;
  #onAllPlaced: () => void = () => {};
  #recovered = true;
  #adding = Promise.resolve();
  #tail: Tail | null = null;
  #full = false;
  #closed = false;

  constructor(options: MergedFeedOptions) {
    this.#options = options;
    this.#allPlaced = new Promise((resolve) => {
      this.#onAllPlaced = resolve;
    });
  }

  start(): void {
    this.#begin().catch((error: unknown) => this.end(error));
  }

  resume(): void {
    if (!this.#full) return;
    this.#full = false;
    const parts = [...this.#parts.values()];
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
    this.#tail?.close();
    for (const part of this.#parts.values()) part.feed.close();
    this.#parts.clear();
    this.#options.onClose();
  }

  /** Ends it with an error that the subscriber should see. */
  end(error: unknown): void {
    if (this.#closed) return;
    this.close();
    this.#options.reader.fail(error);
  }

  async #begin(): Promise<void> {
    const { choice, since, topics } = this.#options;
    const cursor = typeof since === 'string' ? parseTopicsCursor(since) : null;
    const initial = new Set([...choice.names, ...(cursor?.keys() ?? [])].filter(choice.includes));
    let started = false;
    if (choice.open) {
      const onTopics = (names: readonly string[]): void => {
        const matching = names.filter(choice.includes);
        if (!started) for (const topic of matching) initial.add(topic);
        else this.#later(() => this.#add(matching, () => null));
      };
      this.#tail = await topics(onTopics);
      if (this.#closed) return this.#tail.close();
    }
    started = true;
    this.#later(() =>
      this.#add([...initial], (topic) => (cursor ? (cursor.get(topic) ?? null) : since), true),
    );
  }

  /** One after the other: those there were at the start come first. */
  #later(add: () => Promise<void>): void {
    this.#adding = this.#adding.then(add).catch((error: unknown) => this.end(error));
  }

  /** @param startOf where a topic begins: null for its beginning */
  async #add(
    topics: readonly string[],
    startOf: (topic: string) => Position | Since | undefined | null,
    initially = false,
  ): Promise<void> {
    const unmet = topics.filter((topic) => !this.#met.has(topic));
    for (const topic of unmet) this.#met.add(topic);
    const parts: Part[] = [];
    // Some at a time: a pattern may match any number of topics, and with too many of them this ends.
    for (let index = 0; index < unmet.length && !this.#closed; index += MAX_TOPICS) {
      const opened = await Promise.all(
        unmet.slice(index, index + MAX_TOPICS).map((topic) => this.#open(topic)),
      );
      parts.push(...opened.filter((part) => part !== null));
    }
    for (const topic of unmet) if (!this.#parts.has(topic)) this.#met.delete(topic);
    if (this.#closed) return;
    if (initially) {
      this.#unplaced = new Set(parts.map(({ topic }) => topic));
      this.#behind = new Set(this.#unplaced);
      if (parts.length === 0) {
        this.#onAllPlaced();
        this.#take(null, [allSyncedRecord(this.#places.cursor, true)]);
      }
    }
    for (const part of parts)
      part.feed.start((hub, steps) => this.#place(part, hub, startOf(part.topic), steps));
  }

  async #open(topic: string): Promise<Part | null> {
    const source = await this.#options.open(topic);
    if (!source) return null;
    const { lease, selector, conflate } = source;
    if (this.#closed) {
      lease.release();
      return null;
    }
    const part: Part = {
      topic,
      feed: new Feed({
        hub: lease.hub,
        selector,
        reader: this.#readerOf(() => part),
        reads: this.#options.reads,
        conflate,
        readRecords: Math.ceil(READ_RECORDS / Math.max(1, this.#met.size)),
        onClose: () => lease.release(),
      }),
      waiting: [],
    };
    this.#parts.set(topic, part);
    if (this.#parts.size > MAX_TOPICS) {
      throw new EventsError(
        'INVALID_OPTION',
        `More than ${MAX_TOPICS} topics match: a subscription can follow no more. Name fewer, or use a narrower pattern.`,
      );
    }
    return part;
  }

  /** The start of a topic, known once all of them are. */
  async #place(
    { topic, feed }: Part,
    hub: Hub,
    start: Position | Since | undefined | null,
    steps: ReadSteps,
  ): Promise<FeedStart> {
    const from = await this.#startOf(feed, hub, start, steps);
    this.#places = this.#places.with(topic, from.position);
    this.#unplaced.delete(topic);
    if (this.#unplaced.size === 0) this.#onAllPlaced();
    await this.#allPlaced;
    return from;
  }

  async #startOf(
    { selector }: Feed,
    hub: Hub,
    start: Position | Since | undefined | null,
    steps: ReadSteps,
  ): Promise<FeedStart> {
    if (start === null)
      return { position: { epoch: (await steps.read(() => hub.log.bounds())).epoch, seq: 0 } };
    if (typeof start === 'object' && 'epoch' in start) return { position: start };
    return feedStart(hub, selector, start, steps);
  }

  /** The reader of one topic's feed, on its way to that of all. */
  #readerOf(part: () => Part): FeedReader {
    const { reader } = this.#options;
    return {
      name: reader.name,
      get isFull() {
        return reader.isFull ?? false;
      },
      take: ({ records }) => this.#take(part(), records),
      waitedFor: () => this.#fellBehind(),
      fail: (error) => this.end(error),
    };
  }

  #take(part: Part | null, records: readonly StreamRecord[]): boolean {
    if (this.#closed) return false;
    if (!this.#full || part === null) return this.#forward(part, records);
    part.waiting.push(...records);
    return false;
  }

  #forward(part: Part | null, records: readonly StreamRecord[]): boolean {
    if (!part) return this.#hand(records);
    let items: StreamRecord[] = [];
    let chars = 0;
    for (let index = 0; index < records.length; index++) {
      for (const item of this.#itemsOf(part, records[index] as StreamRecord)) {
        items.push(item);
        chars += item.json.length + 2 * item.cursor.length; // it is written twice
      }
      if (chars < HANDED_CHARS && index < records.length - 1) continue;
      if (!this.#hand(items)) {
        part.waiting.push(...records.slice(index + 1));
        return false;
      }
      items = [];
      chars = 0;
    }
    return true;
  }

  #hand(items: readonly StreamRecord[]): boolean {
    if (items.length === 0 || this.#options.reader.take(new Batch(items))) return true;
    this.#fellBehind();
    return false;
  }

  /** The reader is full: what comes from here on comes from the logs. */
  #fellBehind(): void {
    if (this.#full) return;
    this.#full = true;
    for (const { feed } of this.#parts.values()) feed.fellBehind();
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
