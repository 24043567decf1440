import { resolve as absolute } from 'node:path';
import type { Position } from '../../../shared/cursor.ts';
import { EventsError } from '../../../shared/errors.ts';
import type { LogEntry, PublishResult } from '../../../shared/log.ts';
import { silentLogger } from '../../telemetry/logger.ts';
import {
  type Bounds,
  type Broker,
  brokerClosed,
  type KeptSchema,
  LogUnavailable,
  type ReadResult,
  type Tail,
  type TailSink,
} from '../broker.ts';
import { TopicTails, TopicWatchers } from '../followers.ts';
import { embeddedOpenEvents, type OpenSetHost } from '../open/embedded-open-events.ts';
import type { OpenEvents } from '../open/open-events.ts';
import { OpenMemory } from '../open/open-memory.ts';
import type { Moment, Outcome, TopicOpenSet } from '../open/topic-open-set.ts';
import { type CompleteRetention, completeRetention } from '../retention/retention.ts';
import { unavailable } from './file/engine.ts';
import { LogFile } from './file/log-file.ts';
import { keepSchemas } from './file/schema-rows.ts';
import { TopicOpenSets } from './open/topic-open-sets.ts';
import { checkSqliteOptions, type SqliteBrokerOptions } from './sqlite-options.ts';
import type { TopicLog } from './topics/topic-log.ts';
import { TopicLogs } from './topics/topic-logs.ts';
import { type Write, WriteQueue } from './write-queue.ts';

const DEFAULT_TOTAL_BYTES = 16 * 1024 ** 3;

/**
 * The embedded broker whose logs outlive the process: one SQLite file, written by one process.
 *
 * It uses SQLite because that is tested for full disks, kills and power losses; and Node's own SQLite because nothing has
 * to be compiled or kept up to date. Node 20 has none: there a package with the same interface takes its place.
 */
export class SqliteBroker implements Broker {
  readonly #file: LogFile;
  readonly #logs: TopicLogs;
  readonly #now: () => number;
  readonly #tails = new TopicTails();
  readonly #watchers = new TopicWatchers();
  readonly #queue = new WriteQueue((group) => this.#store(group));
  readonly #openSets: TopicOpenSets;
  readonly open: OpenEvents = embeddedOpenEvents(this.#openHost());
  /** Tells if unused parts of the file may hold copies of what was erased. */
  #hasCopies = false;
  #closing: Promise<void> | null = null;

  private constructor(file: LogFile, retention: CompleteRetention, now: () => number) {
    this.#file = file;
    this.#logs = new TopicLogs(file, retention, (topic) => this.#tails.has(topic));
    this.#now = now;
    const memory = new OpenMemory(retention.maxTotalBytes);
    this.#openSets = new TopicOpenSets(file, memory, now(), (topic) => this.#logs.get(topic));
  }

  /**
   * Opens the file, or creates it.
   * @throws TypeError naming the option that is wrong; EventsError UNAVAILABLE when the file is in use, damaged, not a
   * log or cannot be written to, or when there is no SQLite
   */
  static async open(options: SqliteBrokerOptions): Promise<SqliteBroker> {
    checkSqliteOptions(options);
    const { path, durability = 'commit', maxFileBytes = Number.POSITIVE_INFINITY } = options;
    const { now = Date.now, logger = silentLogger } = options;
    const retention = completeRetention('SqliteBroker', options, DEFAULT_TOTAL_BYTES);
    const file = await LogFile.open({ path: absolute(path), durability, maxFileBytes, logger });
    try {
      return new SqliteBroker(file, retention, now);
    } catch (error) {
      await file.close(); // or it stays locked
      throw unavailable(file.path, error);
    }
  }

  async publish(topic: string, entries: readonly LogEntry[]): Promise<PublishResult[]> {
    this.#checkOpen();
    if (entries.length === 0) return [];
    let results: PublishResult[] = [];
    await this.#queue.add({
      ...{ topic, entries: entries.length, erases: false },
      run: (log, now) => {
        results = log.append(entries, now);
      },
    });
    return results;
  }

  async erase(
    topic: string,
    epoch: string,
    seqs: readonly number[],
    notices: readonly LogEntry[],
    more = false,
  ): Promise<number> {
    this.#checkOpen();
    let count = 0;
    await this.#queue.add({
      ...{ topic, entries: notices.length, erases: true, more },
      run: (log, now) => {
        count = log.erase(epoch, seqs, notices, now);
        this.#hasCopies ||= count > 0;
      },
    });
    return count;
  }

  async read(topic: string, after: Position, limit: number): Promise<ReadResult> {
    return this.#inLog(topic, (log) => log.read(after, limit, this.#now()));
  }

  async bounds(topic: string): Promise<Bounds> {
    return this.#inLog(topic, (log) => log.bounds(this.#now()));
  }

  async seek(topic: string, at: number): Promise<Position> {
    return this.#inLog(topic, (log) => log.seek(at, this.#now()));
  }

  async tail(topic: string, sink: TailSink): Promise<Tail> {
    const { end, set } = this.#inLog(topic, (log) => {
      this.#logs.pin(log);
      const set = sink.open && this.#openSets.told(log, this.#now()).read(log.end);
      return { end: log.end, set };
    });
    const tail = this.#tails.add(topic, sink);
    sink.start(end);
    if (set) sink.open?.set(set);
    return {
      close: () => {
        tail.close();
        if (!this.#tails.has(topic)) this.#logs.unpin(topic);
      },
    };
  }

  async topics(sink: (names: readonly string[]) => void): Promise<Tail> {
    this.#checkOpen();
    try {
      return this.#watchers.add(this.#logs.names(), sink);
    } catch (error) {
      throw unavailable(this.#file.path, error);
    }
  }

  async keepSchemas(schemas: readonly KeptSchema[]): Promise<KeptSchema[]> {
    this.#checkOpen();
    return keepSchemas(this.#file, schemas);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#tails.clear();
    this.#watchers.clear();
    await this.#queue.idle();
    this.#scrub();
    await this.#file.close();
  }

  #checkOpen(): void {
    if (this.#closing) throw brokerClosed();
  }

  #inLog<T>(topic: string, work: (log: TopicLog) => T): T {
    this.#checkOpen();
    try {
      return work(this.#logs.get(topic));
    } catch (error) {
      throw unavailable(this.#file.path, error);
    }
  }

  /** Makes a change of an open set in a transaction of its own or with other writes, which a refusal does not touch. */
  async #change<T>(
    topic: string,
    work: (set: TopicOpenSet, moment: Moment) => Outcome<T>,
    erases = false,
  ): Promise<T> {
    this.#checkOpen();
    let outcome: { result: T } | { refusal: EventsError } | undefined;
    const run = (log: TopicLog, now: number) => {
      try {
        outcome = { result: this.#openSets.change(log, now, work) };
        this.#hasCopies ||= erases;
      } catch (error) {
        if (!(error instanceof EventsError) || error instanceof LogUnavailable) throw error;
        outcome = { refusal: error };
      }
    };
    await this.#queue.add({ topic, entries: 1, erases, more: erases, run });
    if (!outcome) throw new Error('the write was not made');
    if ('refusal' in outcome) throw outcome.refusal;
    return outcome.result;
  }

  #openHost(): OpenSetHost {
    return {
      now: () => this.#now(),
      change: (topic, work, erases) => this.#change(topic, work, erases),
      look: (topic, work) =>
        this.#inLog(topic, (log) => work(this.#openSets.told(log, this.#now()), log.end)),
      sets: () => {
        this.#checkOpen();
        return this.#openSets.open();
      },
      ephemeral: (topic, entry, at) => this.#tails.tellEphemeral(topic, entry, at),
    };
  }

  async #store(group: readonly Write[]): Promise<void> {
    const written = new Set<TopicLog>();
    const touched = new Map<string, TopicLog>();
    const erases = group.some((write) => write.erases);
    let grown = 0;
    try {
      this.#file.transaction(() => {
        const now = this.#now();
        const cuts = this.#logs.cuts();
        for (const log of cuts.keys()) written.add(log);
        for (const { topic, run } of group) {
          // One log for all writes to a topic: a new topic's is not cached yet, and a changed open set holds on to it.
          const log = touched.get(topic) ?? this.#logs.get(topic);
          touched.set(topic, log);
          run(log, now);
          if (!log.isOpen || written.has(log)) continue;
          this.#logs.remember(log);
          written.add(log);
        }
        for (const aged of this.#logs.nextAged(now)) written.add(aged);
        for (const log of written) grown += log.store(now, cuts.get(log));
      }, erases);
      await this.#file.sync([...written].reduce((sum, log) => sum + log.added, 0));
    } catch (error) {
      for (const log of [...touched.values(), ...written]) log.revert();
      this.#openSets.revert();
      for (const { reject } of group) reject(error);
      return;
    }
    this.#logs.grew(grown);
    const changes = this.#openSets.settle();
    for (const log of written) {
      const records = log.settle();
      this.#tails.tell(log.name, records, changes.get(log.name));
      if (records.length > 0) this.#watchers.tell(log.name);
    }
    if (group.some((write) => write.erases && !write.more)) this.#scrub();
    for (const { resolve } of group) resolve();
  }

  /** Takes copies of what was erased out of the file: once for all calls of an erasing, since it blocks the process. */
  #scrub(): void {
    if (this.#hasCopies) this.#file.scrub();
    this.#hasCopies = false;
  }
}
