import type { OpenChange } from '../../open/open-events.ts';
import type { OpenMemory } from '../../open/open-memory.ts';
import { type Moment, type Outcome, TopicOpenSet } from '../../open/topic-open-set.ts';
import type { LogFile } from '../file/log-file.ts';
import type { TopicLog } from '../topics/topic-log.ts';
import { OpenRows } from './open-rows.ts';
import { SettledRows } from './settled-rows.ts';

/** A set with the changes of a transaction that is not settled yet. */
interface Changed {
  /** As it was before. */
  readonly told: TopicOpenSet;
  readonly set: TopicOpenSet;
  readonly changes: OpenChange[];
}

/**
 * The open sets of all topics in a file. Those that hold an open event are in memory, the others are read when they are
 * asked for. Sets are changed, and then settled or reverted with their logs; nobody is shown the changes before.
 */
export class TopicOpenSets {
  readonly #file: LogFile;
  readonly #memory: OpenMemory;
  readonly #rows: OpenRows;
  /** Sets that hold an open event, as tails know them. */
  readonly #told = new Map<string, TopicOpenSet>();
  readonly #changed = new Map<string, Changed>();

  /** @param logOf gives a topic's log */
  constructor(file: LogFile, memory: OpenMemory, now: number, logOf: (topic: string) => TopicLog) {
    this.#file = file;
    this.#memory = memory;
    this.#rows = new OpenRows(file);
    for (const { name } of file.statements.openTopics.all<{ name: string }>()) {
      const set = this.told(logOf(name), now);
      memory.count(set.bytes);
      this.#told.set(name, set);
    }
  }

  /** A topic's set as tails know it. */
  told(log: TopicLog, now: number): TopicOpenSet {
    // Not from the file while a transaction waits for the disk: its rows are there already.
    const known = this.#told.get(log.name) ?? this.#changed.get(log.name)?.told;
    if (known) return known;
    const { row } = log;
    const stored = row === null ? undefined : this.#rows.load(row, now);
    return new TopicOpenSet(log.name, new SettledRows(this.#file, log), this.#memory, stored);
  }

  /** All sets that hold an open event. */
  *open(): Generator<{ topic: string; set: TopicOpenSet }, void, undefined> {
    for (const [topic, set] of this.#told) yield { topic, set };
  }

  /** Changes a topic's set. Call it within a transaction. */
  change<T>(log: TopicLog, now: number, work: (set: TopicOpenSet, moment: Moment) => Outcome<T>): T {
    const told = this.told(log, now);
    const changed = this.#changed.get(log.name) ?? { told, set: told.copy(), changes: [] };
    this.#changed.set(log.name, changed);
    const append: Moment['append'] = (entry) => log.appendAnew(entry, now);
    const { result, change } = work(changed.set, { now, end: log.newEnd, append });
    if (!change) return result;
    changed.changes.push(change);
    this.#rows.write(log.hold(), change, changed.set);
    return result;
  }

  /** Makes all changes visible, and returns them by topic. */
  settle(): ReadonlyMap<string, readonly OpenChange[]> {
    const settled = new Map<string, readonly OpenChange[]>();
    for (const [topic, { set, changes }] of this.#changed) {
      settled.set(topic, changes);
      if (set.size > 0) this.#told.set(topic, set);
      else this.#told.delete(topic);
    }
    this.#changed.clear();
    return settled;
  }

  /** Undoes all changes, because their transaction failed. */
  revert(): void {
    for (const { told, set } of this.#changed.values()) this.#memory.count(told.bytes - set.bytes);
    this.#changed.clear();
  }
}
