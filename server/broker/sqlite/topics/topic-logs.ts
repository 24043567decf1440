import { AgingMap } from '../../../memory/aging-map.ts';
import { IDEMPOTENCY_MS } from '../../broker.ts';
import { epochSlot, TopicEpochs } from '../../epoch.ts';
import { type CompleteRetention, MAX_EMPTY_TOPICS } from '../../retention/retention.ts';
import type { LogFile } from '../file/log-file.ts';
import { RuleRows } from './rule-rows.ts';
import { TopicLog } from './topic-log.ts';
import { TopicRows } from './topic-rows.ts';

/** Ms between two trims of idle topics by age. */
const SWEEP_MS = 60_000;
/** Logs cached in memory. Further ones are read from the file when they are asked for. */
const MAX_LOGS = 10_000;
/** Topics that one transaction trims by age, trims by size, and forgets, at most. */
const MAX_AGED = 100;
const MAX_CUT = 1000;
const MAX_FORGOTTEN = 1000;

/** The logs of all topics in a file. */
export class TopicLogs {
  readonly #file: LogFile;
  readonly #retention: CompleteRetention;
  readonly #ruleRows: RuleRows;
  readonly #isFollowed: (topic: string) => boolean;
  readonly #epochs: TopicEpochs;
  /** The cached logs, the least recently used first. */
  readonly #logs = new AgingMap<string, TopicLog>();
  /** Topics that are followed and were never published to: their epochs must stay. */
  readonly #pinned = new Map<string, TopicLog>();
  /** Time of the last complete trim by age, by a clock that may be set back. */
  #sweptAt = Number.NEGATIVE_INFINITY;
  /** Bytes of all topics' records that retention keeps. */
  #bytes: number;

  constructor(file: LogFile, retention: CompleteRetention, isFollowed: (topic: string) => boolean) {
    this.#file = file;
    this.#retention = retention;
    this.#ruleRows = new RuleRows(file, retention);
    this.#isFollowed = isFollowed;
    const renewals: { slot: number; renewals: number }[] = file.statements.renewals.all();
    this.#epochs = new TopicEpochs(
      file.epoch,
      new Map(renewals.map(({ slot, renewals }) => [slot, renewals])),
    );
    const total: { bytes: number } | undefined = file.statements.totalBytes.get();
    this.#bytes = total?.bytes ?? 0;
    // By the limits of another opening they may be due far too late, and records of idle topics go at that time alone.
    if (retention.rules.length > 0) file.transaction(() => void file.statements.allAreDue.run());
  }

  /** A topic's log, for reading. */
  get(name: string): TopicLog {
    const known = this.#logs.get(name) ?? this.#pinned.get(name);
    if (known) return known;
    const log = new TopicLog(
      name,
      this.#epochs,
      new TopicRows(this.#file, name),
      this.#ruleRows,
      this.#retention,
    );
    // Names that were never published to are not cached: there may be any number of them.
    if (log.isStored) this.remember(log);
    return log;
  }

  /** A topic's log, for appending. */
  forWriting(name: string): TopicLog {
    const log = this.get(name);
    this.remember(log);
    return log;
  }

  /** Caches a log, as the one used last. */
  remember(log: TopicLog): void {
    this.#logs.set(log.name, log);
    const oldest = this.#logs.oldest?.value;
    if (!oldest || oldest === log) return;
    oldest.forgetIds();
    if (oldest.isOpen || this.#logs.size <= MAX_LOGS) this.#logs.set(oldest.name, oldest);
    else this.#logs.delete(oldest.name);
  }

  /** Names of the topics that hold records. */
  names(): string[] {
    const rows: { name: string }[] = this.#file.statements.heldTopics.all();
    return rows.map(({ name }) => name);
  }

  /** Keeps the epoch of a topic that is followed from now on, even before its first publish. */
  pin(log: TopicLog): void {
    if (!log.isStored) this.#pinned.set(log.name, log);
  }

  /** Ends {@link pin}: nobody follows the topic any more. */
  unpin(name: string): void {
    this.#pinned.delete(name);
  }

  /** The next topics with records that are too old; empty until a minute after the last complete round. Call it within a transaction. */
  nextAged(now: number): TopicLog[] {
    if (Math.abs(now - this.#sweptAt) < SWEEP_MS) return [];
    const { maxAgeMs, rules } = this.#retention;
    const { agedTopics, dueTopics } = this.#file.statements;
    const aged: { name: string }[] =
      rules.length > 0 ? dueTopics.all(now, MAX_AGED) : agedTopics.all(now - maxAgeMs, MAX_AGED);
    if (aged.length === 0) {
      this.#sweptAt = now;
      this.#forgetEmpty(now);
    }
    return aged.map(({ name }) => this.forWriting(name));
  }

  /**
   * The topics to cut, and the bytes that each may keep; empty unless all topics together take too much. The largest are cut
   * first, each by half at most.
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

  /** Notes by how many bytes the topics grew or, if negative, shrank. */
  grew(bytes: number): void {
    this.#bytes += bytes;
  }

  /** Forgets topics without a record and an open event, except the 10 000 written to last, and renews their epochs. */
  #forgetEmpty(now: number): void {
    const { emptyTopics, forgetTopic, forgetIds, forgetAllSettled, forgetOpenSet, renew } =
      this.#file.statements;
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
      forgetAllSettled.run(row);
      forgetOpenSet.run(row);
      renew.run(epochSlot(name), last);
      // Before the transaction is committed. If it fails, the epoch has been renewed for nothing.
      this.#epochs.renew(name);
      this.#logs.delete(name);
    }
  }
}
