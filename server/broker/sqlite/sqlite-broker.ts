import { resolve as absolute } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { Position } from '../../../shared/cursor.ts';
import { EventsError } from '../../../shared/errors.ts';
import type { LogEntry, PublishResult } from '../../../shared/log.ts';
import { type Logger, silentLogger } from '../../telemetry/logger.ts';
import type { Bounds, Broker, ReadResult, Tail, TailSink } from '../broker.ts';
import { type CompleteRetention, completeRetention, type Retention } from '../retention.ts';
import { TopicTails } from '../topic-tails.ts';
import { TopicWatchers } from '../topic-watchers.ts';
import { unavailable } from './failures.ts';
import { LogFile } from './log-file.ts';
import type { Durability } from './open-file.ts';
import type { TopicLog } from './topic-log.ts';
import { TopicLogs } from './topic-logs.ts';

/** Options of a {@link SqliteBroker}: the file, its durability, and retention. */
export interface SqliteBrokerOptions extends Retention {
  /**
   * The file; it is created if there is none, and its directory must exist. `-wal`, `-mark` and `-count` files beside it
   * belong to it. One process at a time can have it open. What may have lost its end (a backup that was put back, a copy)
   * begins a new epoch, so that no position is taken for another; trust.ts says what is noticed, and what cannot be.
   */
  path: string;
  /**
   * When a publish resolves, and its records are shown to anybody. Default `commit`.
   *
   * - `commit`: once they are on the disk. Neither the end of the process (SIGKILL) nor of the machine (power loss)
   *   loses any, as far as the disk stores what it says it stored. All publishes of one turn share one wait for it.
   * - `relaxed`: once the operating system has them. The end of the process loses none. That of the machine may lose
   *   the last ones, up to some 4 MB; the log begins a new epoch then, so that every subscriber is told [D4].
   */
  durability?: Durability;
  /**
   * Bytes the file may grow to; the `-wal` file takes some 4 MB more. As with a full disk, a publish beyond it is
   * refused with UNAVAILABLE, reads go on, and so do publishes once retention has made room. Default: no limit.
   */
  maxFileBytes?: number;
  /** The clock, Unix ms. Default `Date.now`. */
  now?: () => number;
  /** Default: logs nothing. */
  logger?: Logger;
}

interface Publish {
  readonly topic: string;
  readonly entries: readonly LogEntry[];
  resolve(results: PublishResult[]): void;
  reject(error: unknown): void;
}

/** Entries after which a transaction is closed: the event loop waits for it. */
const GROUP_ENTRIES = 500;

const DEFAULT_TOTAL_BYTES = 16 * 1024 ** 3;

/**
 * The embedded broker whose logs outlive the process: one SQLite file, written by one process.
 *
 * SQLite, because a full disk, a kill and a power loss are what it is tested for; Node's own, because nothing has to
 * be compiled or kept up to date for it, and on Node 20 the package with the same interface and prebuilt binaries.
 */
export class SqliteBroker implements Broker {
  readonly #file: LogFile;
  readonly #logs: TopicLogs;
  readonly #now: () => number;
  readonly #tails = new TopicTails();
  readonly #watchers = new TopicWatchers();
  #queue: Publish[] = [];
  #writing: Promise<void> | null = null;
  #closing: Promise<void> | null = null;

  private constructor(file: LogFile, retention: CompleteRetention, now: () => number) {
    this.#file = file;
    this.#logs = new TopicLogs(file, retention, (topic) => this.#tails.has(topic));
    this.#now = now;
  }

  /**
   * Opens the file, or creates it.
   * @throws TypeError when `path` names no file; EventsError UNAVAILABLE when the file is in use, damaged, not a log or
   * cannot be written, or when there is no SQLite
   */
  static async open(options: SqliteBrokerOptions): Promise<SqliteBroker> {
    const { path, durability = 'commit', maxFileBytes = Number.POSITIVE_INFINITY } = options;
    const { now = Date.now, logger = silentLogger } = options;
    if (path === '' || path === ':memory:')
      throw new TypeError('path must name a file; use MemoryBroker for none.');
    const retention = completeRetention('SqliteBroker', options, DEFAULT_TOTAL_BYTES);
    const file = await LogFile.open({ path: absolute(path), durability, maxFileBytes, logger });
    return new SqliteBroker(file, retention, now);
  }

  async publish(topic: string, entries: readonly LogEntry[]): Promise<PublishResult[]> {
    this.#checkOpen();
    if (entries.length === 0) return [];
    return new Promise((resolve, reject) => {
      this.#queue.push({ topic, entries, resolve, reject });
      this.#writing ??= this.#write();
    });
  }

  async read(topic: string, after: Position, limit: number): Promise<ReadResult> {
    return this.#ask(topic, (log) => log.read(after, limit, this.#now()));
  }

  async bounds(topic: string): Promise<Bounds> {
    return this.#ask(topic, (log) => log.bounds(this.#now()));
  }

  async seek(topic: string, at: number): Promise<Position> {
    return this.#ask(topic, (log) => log.seek(at, this.#now()));
  }

  async tail(topic: string, sink: TailSink): Promise<Tail> {
    const end = this.#ask(topic, (log) => {
      this.#logs.pin(log);
      return log.end;
    });
    const tail = this.#tails.add(topic, sink);
    sink.start(end);
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

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#tails.clear();
    this.#watchers.clear();
    await this.#writing;
    await this.#file.close();
  }

  #checkOpen(): void {
    if (this.#closing) throw new EventsError('CLOSED', 'The broker is closed.');
  }

  #ask<T>(topic: string, question: (log: TopicLog) => T): T {
    this.#checkOpen();
    try {
      return question(this.#logs.get(topic));
    } catch (error) {
      throw unavailable(this.#file.path, error);
    }
  }

  /** Stores what is queued, group by group: what arrives while the disk works is the next one. */
  async #write(): Promise<void> {
    do {
      await setImmediate();
      await this.#store(this.#takeGroup());
    } while (this.#queue.length > 0);
    this.#writing = null;
  }

  #takeGroup(): Publish[] {
    let count = 0;
    const size = this.#queue.findIndex(({ entries }) => {
      count += entries.length;
      return count >= GROUP_ENTRIES;
    });
    return this.#queue.splice(0, size < 0 ? this.#queue.length : size + 1);
  }

  async #store(group: readonly Publish[]): Promise<void> {
    const written = new Set<TopicLog>();
    const results: PublishResult[][] = [];
    let grown = 0;
    try {
      this.#file.transaction(() => {
        const now = this.#now();
        const cuts = this.#logs.cuts();
        for (const log of cuts.keys()) written.add(log);
        for (const { topic, entries } of group) {
          const log = this.#logs.forWriting(topic);
          written.add(log);
          results.push(log.append(entries, now));
        }
        for (const aged of this.#logs.nextAged(now)) written.add(aged);
        for (const log of written) grown += log.store(now, cuts.get(log));
      });
      await this.#file.sync(results.flat().filter(({ duplicate }) => !duplicate).length);
    } catch (error) {
      for (const log of written) log.revert();
      for (const { reject } of group) reject(error);
      return;
    }
    this.#logs.grew(grown);
    for (const log of written) {
      const records = log.settle();
      if (records.length === 0) continue;
      this.#tails.tell(log.name, records);
      this.#watchers.tell(log.name);
    }
    for (const [index, { resolve }] of group.entries()) resolve(results[index] ?? []);
  }
}
