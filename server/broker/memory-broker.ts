import type { Position } from '../../shared/cursor.ts';
import { EventsError } from '../../shared/errors.ts';
import type { LogEntry, PublishResult } from '../../shared/log.ts';
import { AgingMap } from '../memory/aging-map.ts';
import { SharedBudget } from '../memory/shared-budget.ts';
import type { Bounds, Broker, ReadResult, Tail, TailSink } from './broker.ts';
import { newEpoch, TopicEpochs } from './epoch.ts';
import { MemoryTopic } from './memory-topic.ts';
import { type CompleteRetention, completeRetention, MAX_EMPTY_TOPICS, type Retention } from './retention.ts';
import { TopicTails } from './topic-tails.ts';
import { TopicWatchers } from './topic-watchers.ts';

/** Options of a {@link MemoryBroker}: retention. */
export interface MemoryBrokerOptions extends Retention {
  /** The clock, Unix ms. Default `Date.now`. */
  now?: () => number;
}

const DEFAULT_TOTAL_BYTES = 256 * 1024 * 1024;
/** Topics that are looked through with each publish for what is too old. Each publish adds one at most, so none is left out. */
const SWEPT_TOPICS = 2;

/**
 * The embedded broker, and the reference for every other: one process, logs in memory, gone when it stops.
 *
 * Its memory is bounded over all topics, see Retention.maxTotalBytes. A topic whose records have all grown too old is
 * remembered with its positions and idempotency keys, as long as no record of another has to go for it; of more than 10 000
 * that hold no key either the one empty for longest is forgotten. One that is forgotten begins a new epoch if it is
 * published to again. One that somebody follows is never forgotten.
 */
export class MemoryBroker implements Broker {
  readonly #epochs = new TopicEpochs(newEpoch());
  /** All topics, in the order in which they were last looked through for what is too old. */
  readonly #topics = new AgingMap<string, MemoryTopic>();
  /** Topics that hold nothing but their place. */
  readonly #empty = new AgingMap<MemoryTopic, true>();
  /** Topics that hold keys and no record: whatever they hold is too much while all topics together take too much. */
  readonly #keysOnly = new SharedBudget<MemoryTopic>(0);
  readonly #budget: SharedBudget<MemoryTopic>;
  readonly #tails = new TopicTails();
  readonly #watchers = new TopicWatchers();
  readonly #retention: CompleteRetention;
  readonly #now: () => number;
  #closed = false;

  constructor(options: MemoryBrokerOptions = {}) {
    const { now = Date.now, ...retention } = options;
    this.#retention = completeRetention('MemoryBroker', retention, DEFAULT_TOTAL_BYTES);
    this.#budget = new SharedBudget(this.#retention.maxTotalBytes);
    this.#now = now;
  }

  async publish(topic: string, entries: readonly LogEntry[]): Promise<PublishResult[]> {
    const log = this.#topic(topic);
    const { results, stored } = log.append(entries, this.#now());
    if (stored.length === 0) return results;
    if (!this.#topics.has(topic)) this.#topics.set(topic, log);
    this.#settle(log);
    this.#sweepSome();
    this.#makeRoom(log);
    this.#tails.tell(topic, stored);
    this.#watchers.tell(topic);
    return results;
  }

  async read(topic: string, after: Position, limit: number): Promise<ReadResult> {
    return this.#current(topic).read(after, limit);
  }

  async bounds(topic: string): Promise<Bounds> {
    return this.#current(topic).bounds;
  }

  async seek(topic: string, at: number): Promise<Position> {
    return this.#topic(topic).seek(at);
  }

  async tail(topic: string, sink: TailSink): Promise<Tail> {
    const log = this.#topic(topic);
    if (!this.#topics.has(topic)) this.#topics.set(topic, log); // so that its epoch stays, even if nothing was published yet
    const tail = this.#tails.add(topic, sink);
    sink.start({ epoch: log.epoch, seq: log.bounds.last });
    return {
      close: () => {
        tail.close();
        const isKnown = log.wasWritten || this.#tails.has(topic) || this.#topics.get(topic) !== log;
        if (!isKnown) this.#topics.delete(topic);
      },
    };
  }

  async topics(sink: (names: readonly string[]) => void): Promise<Tail> {
    this.#checkOpen();
    const now = this.#now();
    const held: string[] = [];
    for (const log of this.#topics.values()) {
      log.trim(now);
      if (log.holdsRecords) held.push(log.name);
    }
    return this.#watchers.add(held, sink);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#watchers.clear();
    for (const log of this.#topics.values()) {
      this.#budget.set(log, 0);
      this.#keysOnly.set(log, 0);
    }
    this.#topics.clear();
    this.#empty.clear();
    this.#tails.clear();
  }

  #checkOpen(): void {
    if (this.#closed) throw new EventsError('CLOSED', 'The broker is closed.');
  }

  /** Kept once something is published in it, or while it is followed: of names that were only asked for, there may be any number. */
  #topic(name: string): MemoryTopic {
    this.#checkOpen();
    return this.#topics.get(name) ?? new MemoryTopic(name, this.#epochs.of(name), this.#retention);
  }

  #current(name: string): MemoryTopic {
    const log = this.#topic(name);
    log.trim(this.#now());
    return log;
  }

  /** Looks through the topics that were looked through longest ago. */
  #sweepSome(): void {
    const now = this.#now();
    for (let count = 0; count < SWEPT_TOPICS; count++) {
      const log = this.#topics.oldest?.value;
      if (!log) return;
      this.#topics.set(log.name, log);
      log.trim(now);
      // One that lost nothing has not changed, and stays among the first that give something up.
      if (this.#amountOf(log) !== this.#budget.amountOf(log)) this.#settle(log);
    }
  }

  /**
   * While all topics take too much: the places of empty topics go first, then the keys of those without a record, and then
   * the oldest records, each from the topic that takes the most. The newest record that was just published stays.
   */
  #makeRoom(published: MemoryTopic): void {
    for (;;) {
      const largest = this.#budget.tooLargeBut(published.holdsNewestAlone ? published : undefined);
      if (!largest) return;
      const log = this.#empty.oldest?.key ?? this.#keysOnly.tooLarge ?? largest;
      if (log.isEmpty) {
        this.#forget(log);
        continue;
      }
      log.dropOldest();
      this.#settle(log);
    }
  }

  /** Bytes that a topic takes of what all may take: none for a place that has to stay. */
  #amountOf(log: MemoryTopic): number {
    return log.isEmpty && this.#tails.has(log.name) ? 0 : log.held;
  }

  /** Notes what a topic holds, and whether that is no record any more, or nothing. */
  #settle(log: MemoryTopic): void {
    this.#budget.set(log, this.#amountOf(log));
    this.#keysOnly.set(log, log.holdsRecords || log.isEmpty ? 0 : log.held);
    if (!log.isEmpty || this.#tails.has(log.name)) this.#empty.delete(log);
    else if (!this.#empty.has(log)) this.#empty.set(log, true);
    if (this.#empty.size > MAX_EMPTY_TOPICS && this.#empty.oldest) this.#forget(this.#empty.oldest.key);
  }

  #forget(log: MemoryTopic): void {
    this.#empty.delete(log);
    this.#budget.set(log, 0);
    if (this.#tails.has(log.name)) return; // followed since
    this.#topics.delete(log.name);
    this.#epochs.renew(log.name);
  }
}
