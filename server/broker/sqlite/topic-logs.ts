import { AgingMap } from '../../memory/aging-map.ts';
import { IDEMPOTENCY_MS } from '../broker.ts';
import { slotOf, TopicEpochs } from '../epoch.ts';
import { type CompleteRetention, MAX_EMPTY_TOPICS } from '../retention.ts';
import type { LogFile } from './log-file.ts';
import { TopicLog } from './topic-log.ts';
import { TopicRows } from './topic-rows.ts';

/** Interval at which idle topics are looked through for records that are too old. */
const SWEEP_MS = 60_000;
/** Logs in memory. More are in the file alone, and read again when they are asked for. */
const MAX_LOGS = 10_000;
/** Topics that are looked through, cut down, and forgotten with one transaction. */
const MAX_AGED = 100;
const MAX_CUT = 1000;
const MAX_FORGOTTEN = 1000;

/** The logs of all topics in a file. */
export class TopicLogs {
  readonly #file: LogFile;
  readonly #retention: CompleteRetention;
  readonly #isFollowed: (topic: string) => boolean;
  readonly #epochs: TopicEpochs;
  /** The logs in memory, the least recently used first. */
  readonly #logs = new AgingMap<string, TopicLog>();
  /** Topics that are followed and were never written to: their epochs must stay. */
  readonly #pinned = new Map<string, TopicLog>();
  /** When they were last looked through to the end, by a clock that may be set back. */
  #sweptAt = Number.NEGATIVE_INFINITY;
  /** Bytes of the records that retention keeps, of all topics. */
  #bytes: number;

  constructor(file: LogFile, retention: CompleteRetention, isFollowed: (topic: string) => boolean) {
    this.#file = file;
    this.#retention = retention;
    this.#isFollowed = isFollowed;
    const renewals: { slot: number; renewals: number }[] = file.statements.renewals.all();
    this.#epochs = new TopicEpochs(
      file.epoch,
      new Map(renewals.map(({ slot, renewals }) => [slot, renewals])),
    );
    const total: { bytes: number } | undefined = file.statements.totalBytes.get();
    this.#bytes = total?.bytes ?? 0;
  }

  /** A topic's log, to read. */
  get(name: string): TopicLog {
    const known = this.#logs.get(name) ?? this.#pinned.get(name);
    if (known) return known;
    const log = new TopicLog(name, this.#epochs, new TopicRows(this.#file, name), this.#retention);
    // There may be any number of names that were only asked for.
    if (log.isStored) this.#remember(log);
    return log;
  }

  /** A topic's log, to append to. */
  forWriting(name: string): TopicLog {
    const log = this.get(name);
    this.#remember(log);
    return log;
  }

  /** Topics that hold records. */
  names(): string[] {
    const rows: { name: string }[] = this.#file.statements.heldTopics.all();
    return rows.map(({ name }) => name);
  }

  /** A topic is followed from now on: its epoch stays, even if nothing was published yet. */
  pin(log: TopicLog): void {
    if (!log.isStored) this.#pinned.set(log.name, log);
  }

  /** Nobody follows a topic any more. */
  unpin(name: string): void {
    this.#pinned.delete(name);
  }

  /** Topics that hold records too old, some at a time. Call it within a transaction. */
  nextAged(now: number): TopicLog[] {
    if (Math.abs(now - this.#sweptAt) < SWEEP_MS) return [];
    const before = now - this.#retention.maxAgeMs;
    const aged: { name: string }[] = this.#file.statements.agedTopics.all(before, MAX_AGED);
    if (aged.length === 0) {
      this.#sweptAt = now;
      this.#forgetEmpty(now);
    }
    return aged.map(({ name }) => this.forWriting(name));
  }

  /**
   * The largest topics, with the bytes that each may keep, if all topics together take too much. One cut takes half of a
   * topic at most.
   */
  cuts(): Map<TopicLog, number> {
    const cuts = new Map<TopicLog, number>();
    let excess = this.#bytes - this.#retention.maxTotalBytes;
    if (excess <= 0) return cuts;
    const largest: { name: string; bytes: number }[] = this.#file.statements.largestTopics.all(MAX_CUT);
    for (const { name, bytes } of largest) {
      if (excess <= 0) break;
      const cut = Math.min(excess, Math.ceil(bytes / 2));
      cuts.set(this.forWriting(name), bytes - cut);
      excess -= cut;
    }
    return cuts;
  }

  /** Notes that the topics hold more by a number of bytes, or less. */
  grew(bytes: number): void {
    this.#bytes += bytes;
  }

  /** Forgets topics without a record, except the 10 000 that were written to last, and renews their epochs. */
  #forgetEmpty(now: number): void {
    const { emptyTopics, forgetTopic, forgetIds, renew } = this.#file.statements;
    const before = now - IDEMPOTENCY_MS;
    const found: { row: number; name: string; last: number }[] = emptyTopics.all(
      before,
      MAX_FORGOTTEN,
      MAX_EMPTY_TOPICS,
    );
    for (const { row, name, last } of found) {
      if (this.#isFollowed(name) || this.#logs.get(name)?.isOpen) continue;
      forgetTopic.run(row);
      forgetIds.run(row);
      renew.run(slotOf(name), last);
      // Before the transaction is committed. If it fails, the epoch has been renewed for nothing.
      this.#epochs.renew(name);
      this.#logs.delete(name);
    }
  }

  #remember(log: TopicLog): void {
    this.#logs.set(log.name, log);
    const oldest = this.#logs.oldest?.value;
    if (!oldest || oldest === log) return;
    oldest.forgetIds();
    if (oldest.isOpen || this.#logs.size <= MAX_LOGS) this.#logs.set(oldest.name, oldest);
    else this.#logs.delete(oldest.name);
  }
}
