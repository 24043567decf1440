import type { Position } from '../../shared/cursor.ts';
import type { LogEntry } from '../../shared/log.ts';
import { AgingMap } from '../memory/aging-map.ts';
import type { Gap, LogRecord, Tail, TailSink } from './broker.ts';
import type { OpenChange, OpenSet } from './open/open-events.ts';

/** Tails by topic, for a broker that lives in this process alone. */
export class TopicTails {
  readonly #sinks = new Map<string, Set<TailSink>>();

  add(topic: string, sink: TailSink): Tail {
    const sinks = this.#sinks.get(topic) ?? new Set();
    this.#sinks.set(topic, sinks.add(sink));
    return {
      close: () => {
        sinks.delete(sink);
        if (sinks.size === 0 && this.#sinks.get(topic) === sinks) this.#sinks.delete(topic);
      },
    };
  }

  /** Tells if a topic has a tail. */
  has(topic: string): boolean {
    return this.#sinks.has(topic);
  }

  /** @param changes those of the open set, each told right after the records up to its place */
  tell(topic: string, records: readonly LogRecord[], changes: readonly OpenChange[] = []): void {
    const sinks = this.#sinks.get(topic) ?? [];
    for (const sink of sinks) {
      if (!sink.open || changes.length === 0) {
        if (records.length > 0) sink.records(records);
        continue;
      }
      for (const told of inOrder(records, changes)) {
        if (!this.#sinks.get(topic)?.has(sink)) break; // closed in the midst
        if ('kind' in told) sink.open.change(told);
        else sink.records(told);
      }
    }
  }

  /** Tells of an event that is not stored. @param at the end of the log */
  tellEphemeral(topic: string, entry: LogEntry, at: Position): void {
    for (const sink of this.#sinks.get(topic) ?? []) sink.open?.ephemeral(entry, at);
  }

  /** Tells that a log is lost. @param open the open set of the log that it began anew with */
  tellLost(topic: string, gap: Gap, open: OpenSet): void {
    for (const sink of [...(this.#sinks.get(topic) ?? [])]) {
      sink.gap(gap);
      sink.open?.set(open);
    }
  }

  clear(): void {
    this.#sinks.clear();
  }
}

/** Records and changes of one topic in the order in which they came about. */
function* inOrder(
  records: readonly LogRecord[],
  changes: readonly OpenChange[],
): Generator<readonly LogRecord[] | OpenChange> {
  let next = 0;
  for (const change of changes) {
    const later = records.findIndex(({ seq }) => seq > change.at.seq);
    const end = later < 0 ? records.length : later;
    if (end > next) yield records.slice(next, end);
    next = end;
    yield change;
  }
  if (next < records.length) yield records.slice(next);
}

/** Topics remembered as told. Of more, the one told longest ago is forgotten, and told once more. */
const MAX_TOLD = 10_000;

type Sink = (names: readonly string[]) => void;

/**
 * Tells watchers the names of topics, see `Broker.topics`. The topics that were told are remembered once for all
 * watchers: a client may have a hundred watchers, and there may be thousands of topics.
 */
export class TopicWatchers {
  /** Each watcher, and the value of `#count` when it was added. */
  readonly #watchers = new Map<Sink, number>();
  /** Each topic that was told to all watchers, and the value of `#count` at that time. */
  readonly #toldAt = new AgingMap<string, number>();
  /** Counts watchers added and topics told: it orders both in time. */
  #count = 0;
  #lastAddedAt = 0;

  /** @param names the topics there are now */
  add(names: readonly string[], onTopics: Sink): Tail {
    const sink: Sink = (more) => onTopics(more);
    this.#lastAddedAt = ++this.#count;
    this.#watchers.set(sink, this.#lastAddedAt);
    sink(names);
    return {
      close: () => {
        this.#watchers.delete(sink);
        if (this.#watchers.size === 0) this.#toldAt.clear();
      },
    };
  }

  /** Tells of a topic that was written to, all watchers that have not been told of it yet. */
  tell(name: string): void {
    if (this.#watchers.size === 0) return;
    const toldAt = this.#toldAt.get(name) ?? 0;
    if (toldAt > this.#lastAddedAt) return;
    this.#toldAt.set(name, ++this.#count);
    if (this.#toldAt.size > MAX_TOLD && this.#toldAt.oldest) this.#toldAt.delete(this.#toldAt.oldest.key);
    for (const [sink, addedAt] of [...this.#watchers]) if (addedAt > toldAt) sink([name]);
  }

  clear(): void {
    this.#watchers.clear();
    this.#toldAt.clear();
  }
}
