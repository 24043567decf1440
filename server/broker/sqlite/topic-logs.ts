import { topicEpoch } from '../epoch.ts';
import type { CompleteRetention } from '../retention.ts';
import type { LogFile } from './log-file.ts';
import { TopicLog } from './topic-log.ts';
import { TopicRows } from './topic-rows.ts';

/** Interval at which idle topics are looked through for records that are too old. */
const SWEEP_MS = 60_000;

/** The logs of all topics in a file. */
export class TopicLogs {
  readonly #file: LogFile;
  readonly #retention: CompleteRetention;
  readonly #logs = new Map<string, TopicLog>();
  /** When they were last looked through to the end, by a clock that may be set back. */
  #sweptAt = Number.NEGATIVE_INFINITY;

  constructor(file: LogFile, retention: CompleteRetention) {
    this.#file = file;
    this.#retention = retention;
  }

  /** A topic's log, to read. */
  get(name: string): TopicLog {
    const known = this.#logs.get(name);
    if (known) return known;
    const epoch = topicEpoch(this.#file.epoch, name);
    const log = new TopicLog(name, epoch, new TopicRows(this.#file, name), this.#retention);
    // There may be any number of names that were only asked for.
    if (log.isStored) this.#logs.set(name, log);
    return log;
  }

  /** A topic's log, to append to. */
  forWriting(name: string): TopicLog {
    const log = this.get(name);
    this.#logs.set(name, log);
    return log;
  }

  /** Topics that hold records. */
  names(): string[] {
    const rows: { name: string }[] = this.#file.statements.heldTopics.all();
    return rows.map(({ name }) => name);
  }

  /** A topic that holds records too old and is not written to, or null. */
  nextAged(now: number): TopicLog | null {
    if (Math.abs(now - this.#sweptAt) < SWEEP_MS) return null;
    const aged: { name: string } | undefined = this.#file.statements.agedTopic.get(
      now - this.#retention.maxAgeMs,
    );
    if (aged) return this.forWriting(aged.name);
    this.#sweptAt = now;
    return null;
  }
}
