import type { Position } from '../../shared/cursor.ts';
import type { LogEntry, PublishResult } from '../../shared/log.ts';
import { checkOptions } from '../../shared/options/known-options.ts';
import { AgingMap } from '../memory/aging-map.ts';
import { SharedBudget } from '../memory/shared-budget.ts';
import {
  type Bounds,
  type Broker,
  brokerClosed,
  type LogRecord,
  type ReadResult,
  type Tail,
  type TailSink,
} from './broker.ts';
import { newEpoch, TopicEpochs } from './epoch.ts';
import { TopicTails, TopicWatchers } from './followers.ts';
import { MemoryTopic } from './memory-topic.ts';
import { embeddedOpenEvents, type OpenSetHost } from './open/embedded-open-events.ts';
import type { OpenChange, OpenEvents } from './open/open-events.ts';
import { OpenMemory } from './open/open-memory.ts';
import {
  type CompleteRetention,
  completeRetention,
  MAX_EMPTY_TOPICS,
  RETENTION_OPTIONS,
  type Retention,
} from './retention/retention.ts';

/** Options of a {@link MemoryBroker}: retention. */
export interface MemoryBrokerOptions extends Retention {
  /** The clock, Unix ms. Default `Date.now`. */
  now?: () => number;
}

const DEFAULT_TOTAL_BYTES = 256 * 1024 * 1024;
/** Topics trimmed by age with each publish. A publish adds one topic at most, so every topic gets its turn. */
const SWEPT_TOPICS = 2;

/**
 * The embedded broker, and the reference for every other one: a process's logs in memory, gone when it stops.
 *
 * Its memory is bounded over all topics, see Retention.maxTotalBytes. A topic whose records have all grown too old stays
 * remembered, with its position and idempotency keys, while memory allows. Topics without records and keys are evicted, the
 * one empty for longest first, when there are more than 10 000 or when records need the memory. A topic that somebody
 * follows, or that has open events, is never evicted. A publish to an evicted topic begins a new epoch.
 */
export class MemoryBroker implements Broker {
  readonly #epochs = new TopicEpochs(newEpoch());
  /** All topics, the one trimmed longest ago first. */
  readonly #topics = new AgingMap<string, MemoryTopic>();
  /** Topics that hold neither records nor keys, only their position. */
  readonly #empty = new AgingMap<MemoryTopic, true>();
  /** Topics that hold keys and no record. Its budget is 0: they go before any record, once all topics take too much. */
  readonly #keysOnly = new SharedBudget<MemoryTopic>(0);
  readonly #budget: SharedBudget<MemoryTopic>;
  readonly #tails = new TopicTails();
  readonly #watchers = new TopicWatchers();
  readonly #retention: CompleteRetention;
  readonly #openMemory: OpenMemory;
  readonly #now: () => number;
  readonly open: OpenEvents = embeddedOpenEvents(this.#openSets());
  #closed = false;

  constructor(options: MemoryBrokerOptions = {}) {
    checkOptions<MemoryBrokerOptions>('MemoryBroker', options, { ...RETENTION_OPTIONS, now: 1 });
    const { now = Date.now, ...retention } = options;
    this.#retention = completeRetention('MemoryBroker', retention, DEFAULT_TOTAL_BYTES);
    this.#budget = new SharedBudget(this.#retention.maxTotalBytes);
    this.#openMemory = new OpenMemory(this.#retention.maxTotalBytes);
    this.#now = now;
  }

  async publish(topic: string, entries: readonly LogEntry[]): Promise<PublishResult[]> {
    const log = this.#topic(topic);
    const { results, stored } = log.append(entries, this.#now());
    this.#take(log, stored);
    return results;
  }

  async erase(
    topic: string,
    epoch: string,
    seqs: readonly number[],
    notices: readonly LogEntry[],
  ): Promise<number> {
    const log = this.#current(topic);
    if (log.epoch !== epoch) return 0;
    const { count, stored } = log.erase(seqs, notices, this.#now());
    this.#take(log, stored);
    return count;
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
    if (!this.#topics.has(topic)) this.#topics.set(topic, log); // keeps its epoch, even before the first publish
    const tail = this.#tails.add(topic, sink);
    sink.start(log.end);
    if (sink.open) sink.open.set(log.open.read(log.end));
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

  /**
   * Takes a topic's log away, open events too, as the crash of a machine without a disk does: it begins anew in another epoch,
   * and those who follow it are told so. For trials of what a loss is like.
   */
  lose(topic: string): void {
    this.#checkOpen();
    const lost = this.#topics.get(topic);
    if (!lost) return;
    this.#empty.delete(lost);
    this.#budget.set(lost, 0);
    this.#keysOnly.set(lost, 0);
    this.#openMemory.count(-lost.open.bytes);
    this.#topics.delete(topic);
    this.#epochs.renew(topic);
    const anew = this.#topic(topic);
    if (this.#tails.has(topic)) this.#topics.set(topic, anew);
    const gap = { from: lost.end, to: anew.end, lost: null, reason: 'epoch_changed' } as const;
    this.#tails.tellLost(topic, gap, anew.open.read(anew.end));
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
    if (this.#closed) throw brokerClosed();
  }

  /** The topic, or a new one that is not kept: callers may ask for any number of names that are never published to. */
  #topic(name: string): MemoryTopic {
    this.#checkOpen();
    const known = this.#topics.get(name);
    return known ?? new MemoryTopic(name, this.#epochs.of(name), this.#retention, this.#openMemory);
  }

  #current(name: string): MemoryTopic {
    const log = this.#topic(name);
    log.trim(this.#now());
    return log;
  }

  /** Takes in what was just appended to a topic, and a change of its open set, and hands them out. */
  #take(log: MemoryTopic, stored: readonly LogRecord[], change: OpenChange | null = null): void {
    if (stored.length === 0 && !change) return;
    if (!this.#topics.has(log.name)) this.#topics.set(log.name, log);
    this.#budget.reserve(this.#openMemory.bytes);
    this.#settle(log);
    this.#sweepSome();
    this.#makeRoom(log);
    this.#tails.tell(log.name, stored, change ? [change] : []);
    if (stored.length > 0) this.#watchers.tell(log.name);
  }

  #openSets(): OpenSetHost {
    return {
      now: () => this.#now(),
      change: async (topic, work) => {
        const log = this.#topic(topic);
        const now = this.#now();
        let stored: readonly LogRecord[] = [];
        const append = (entry: LogEntry) => {
          stored = log.appendAnew(entry, now);
          return log.end;
        };
        const { result, change } = work(log.open, { now, end: log.end, append });
        this.#take(log, stored, change);
        return result;
      },
      look: (topic, work) => {
        const log = this.#topic(topic);
        return work(log.open, log.end);
      },
      sets: () => {
        this.#checkOpen();
        return this.#withOpen();
      },
      ephemeral: (topic, entry, at) => this.#tails.tellEphemeral(topic, entry, at),
    };
  }

  *#withOpen() {
    for (const log of this.#topics.values()) if (log.holdsOpen) yield { topic: log.name, set: log.open };
  }

  /** Trims by age the topics that were trimmed longest ago. */
  #sweepSome(): void {
    const now = this.#now();
    for (let count = 0; count < SWEPT_TOPICS; count++) {
      const log = this.#topics.oldest?.value;
      if (!log) return;
      this.#topics.set(log.name, log);
      log.trim(now);
      // A topic that lost nothing keeps its rank in the budget.
      if (this.#amountOf(log) !== this.#budget.amountOf(log)) this.#settle(log);
    }
  }

  /**
   * Evicts while all topics together take too much: first empty topics, then keys of topics without a record, then the
   * oldest records, each from the topic that takes the most. The record just published stays.
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

  /** Tells if a topic must not be evicted: somebody follows it, or it has open events. */
  #mustStay(log: MemoryTopic): boolean {
    return this.#tails.has(log.name) || log.holdsOpen;
  }

  /** Bytes that a topic counts with; 0 for an empty one that must stay. */
  #amountOf(log: MemoryTopic): number {
    return log.isEmpty && this.#mustStay(log) ? 0 : log.bytesInMemory;
  }

  /** Updates the books after a topic changed: its bytes, and if it is out of records, or empty. */
  #settle(log: MemoryTopic): void {
    this.#budget.set(log, this.#amountOf(log));
    this.#keysOnly.set(log, log.holdsRecords || log.isEmpty ? 0 : log.bytesInMemory);
    if (!log.isEmpty || this.#mustStay(log)) this.#empty.delete(log);
    else if (!this.#empty.has(log)) this.#empty.set(log, true);
    if (this.#empty.size > MAX_EMPTY_TOPICS && this.#empty.oldest) this.#forget(this.#empty.oldest.key);
  }

  #forget(log: MemoryTopic): void {
    this.#empty.delete(log);
    this.#budget.set(log, 0);
    if (this.#mustStay(log)) return; // followed since
    this.#topics.delete(log.name);
    this.#epochs.renew(log.name);
  }
}
