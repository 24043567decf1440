import { type Position, parseTopicsCursor, type Since } from '../../../shared/cursor.ts';
import { EventsError } from '../../../shared/errors.ts';
import { MAX_TOPICS, type TopicChoice } from '../../../shared/topic.ts';
import type { Broker, Tail } from '../../broker/broker.ts';
import type { Hub } from '../hubs/hub.ts';
import type { HubLease } from '../hubs/hub-registry.ts';
import type { ReadSteps } from '../reading/steps.ts';
import type { KeyOf } from '../records/conflation.ts';
import type { Selector } from '../records/selector.ts';
import type { StreamRecord } from '../records/stream-record.ts';
import type { Feed } from './feed.ts';
import { type FeedStart, feedStart } from './feed-start.ts';

/** The followed part of one topic. */
export interface TopicSource {
  readonly lease: HubLease;
  readonly selector: Selector;
  readonly conflate: KeyOf | undefined;
}

/** The topics that are followed, and how. */
export interface Following {
  choice: TopicChoice;
  /** A cursor of several topics, or where to start in each. */
  since: Since | undefined;
  /** Tells which topics there are, see Broker.topics. */
  topics: Broker['topics'];
  /** Opens a topic; null if nothing of it is for this subscriber. */
  open: (topic: string) => Promise<TopicSource | null>;
}

/** One topic of a subscription to several. */
export interface Part {
  readonly topic: string;
  readonly feed: Feed;
  /** Delivered by the feed while the reader was full. */
  waiting: StreamRecord[];
}

/** Feeds a subscriber from its parts. */
export interface PartsOwner {
  /** Makes a part, whose feed is not started yet. @param among topics that are followed by now, about */
  partOf(topic: string, source: TopicSource, among: number): Part;
  /** Told the topics that there are at the start. */
  began(topics: readonly string[]): void;
  /** Told the start in a topic, and later those of topics that appear. */
  placed(topic: string, position: Position): void;
  failed(error: unknown): void;
}

type StartOf = (topic: string) => Position | Since | undefined | null;

/**
 * The parts of a subscription to several topics: opened at the start, and when a topic appears. None of those there are
 * at the start is fed before the places of all are known.
 *
 * A topic that comes later, and one that the cursor does not know, is followed from its beginning.
 */
export class TopicParts implements Iterable<Part> {
  readonly #following: Following;
  readonly #owner: PartsOwner;
  readonly #parts = new Map<string, Part>();
  /** Topics that are followed, and those that are being opened. Of others there may be any number: they are not remembered. */
  readonly #met = new Set<string>();
  /** Topics there were at the start without a position yet. */
  #unplaced = new Set<string>();
  readonly #allPlaced: Promise<void>;
  #onAllPlaced: () => void = () => {};
  #adding = Promise.resolve();
  #tail: Tail | null = null;
  /** Gives up asking which topics there are: in an outage of the log that may take as long. */
  readonly #asking = new AbortController();
  #closed = false;

  constructor(following: Following, owner: PartsOwner) {
    this.#following = following;
    this.#owner = owner;
    this.#allPlaced = new Promise((resolve) => {
      this.#onAllPlaced = resolve;
    });
  }

  [Symbol.iterator](): IterableIterator<Part> {
    return this.#parts.values();
  }

  start(): void {
    this.#begin().catch((error: unknown) => this.#owner.failed(error));
  }

  close(): void {
    this.#closed = true;
    this.#asking.abort();
    this.#tail?.close();
    for (const { feed } of this) feed.close();
    this.#parts.clear();
  }

  async #begin(): Promise<void> {
    const { choice, since, topics } = this.#following;
    const cursor = typeof since === 'string' ? parseTopicsCursor(since) : null;
    const initial = new Set([...choice.names, ...(cursor?.keys() ?? [])].filter(choice.includes));
    let started = false;
    if (choice.open) {
      const onTopics = (names: readonly string[]): void => {
        const matching = names.filter(choice.includes);
        if (!started) for (const topic of matching) initial.add(topic);
        else this.#later(() => this.#add(matching, () => null));
      };
      this.#tail = await topics(onTopics, this.#asking.signal);
      if (this.#closed) return this.#tail.close();
    }
    started = true;
    this.#later(() =>
      this.#add([...initial], (topic) => (cursor ? (cursor.get(topic) ?? null) : since), true),
    );
  }

  /** One after the other: those there were at the start come first. */
  #later(add: () => Promise<void>): void {
    this.#adding = this.#adding.then(add).catch((error: unknown) => this.#owner.failed(error));
  }

  /** @param startOf where a topic begins: null for its beginning */
  async #add(topics: readonly string[], startOf: StartOf, initially = false): Promise<void> {
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
      const there = parts.map(({ topic }) => topic);
      this.#unplaced = new Set(there);
      if (there.length === 0) this.#onAllPlaced();
      this.#owner.began(there);
    }
    for (const part of parts)
      part.feed.start((hub, steps) => this.#place(part, hub, startOf(part.topic), steps));
  }

  async #open(topic: string): Promise<Part | null> {
    const source = await this.#following.open(topic);
    if (!source) return null;
    if (this.#closed) {
      source.lease.release();
      return null;
    }
    const part = this.#owner.partOf(topic, source, this.#met.size);
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
    start: ReturnType<StartOf>,
    steps: ReadSteps,
  ): Promise<FeedStart> {
    const from = await startIn(hub, feed.selector, start, steps);
    this.#owner.placed(topic, from.position);
    this.#unplaced.delete(topic);
    if (this.#unplaced.size === 0) this.#onAllPlaced();
    await this.#allPlaced;
    return from;
  }
}

async function startIn(
  hub: Hub,
  selector: Selector,
  start: ReturnType<StartOf>,
  steps: ReadSteps,
): Promise<FeedStart> {
  if (start === null)
    return { position: { epoch: (await steps.read(() => hub.log.bounds())).epoch, seq: 0 } };
  if (typeof start === 'object' && 'epoch' in start) return { position: start };
  return feedStart(hub, selector, start, steps);
}
