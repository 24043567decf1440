import { formatCursor, type Position } from '../../shared/cursor.ts';
import { EventsError } from '../../shared/errors.ts';
import type { LogEntry, PublishResult } from '../../shared/log.ts';
import type { Bounds, Broker, LogRecord, ReadResult, Tail, TailSink } from './broker.ts';
import { newEpoch, topicEpoch } from './epoch.ts';
import { gapAfter } from './gaps.ts';
import { pageEnd } from './page-end.ts';
import { RememberedIds } from './remembered-ids.ts';
import { bytesOf, completeRetention, type Retention } from './retention.ts';
import { TopicTails } from './topic-tails.ts';
import { TopicWatchers } from './topic-watchers.ts';

/** How much is kept. */
export interface MemoryBrokerOptions extends Retention {
  /** The clock, Unix ms. Default `Date.now`. */
  now?: () => number;
}

interface Topic {
  readonly epoch: string;
  /** Oldest first. Those before `head` are trimmed and wait for the next compaction. */
  records: LogRecord[];
  head: number;
  /** Of the records from `head` on. */
  bytes: number;
  last: number;
  lastAt: number;
  readonly ids: RememberedIds;
}

/** The embedded broker, and the reference for every other: one process, logs in memory, gone when it stops. */
export class MemoryBroker implements Broker {
  readonly #epoch = newEpoch();
  readonly #topics = new Map<string, Topic>();
  readonly #tails = new TopicTails();
  readonly #watchers = new TopicWatchers();
  readonly #retention: Required<Retention>;
  readonly #now: () => number;
  #closed = false;

  constructor(options: MemoryBrokerOptions = {}) {
    const { now = Date.now, ...retention } = options;
    this.#retention = completeRetention('MemoryBroker', retention);
    this.#now = now;
  }

  async publish(topic: string, entries: readonly LogEntry[]): Promise<PublishResult[]> {
    const log = this.#topic(topic);
    const at = Math.max(this.#now(), log.lastAt); // a clock set back must not reorder the log
    log.lastAt = at;
    log.ids.forget();
    const stored: LogRecord[] = [];
    const results = entries.map((entry): PublishResult => {
      const known = log.ids.seqOf(entry.id);
      if (known !== undefined) {
        return { cursor: formatCursor({ epoch: log.epoch, seq: known }), duplicate: true };
      }
      const position = { epoch: log.epoch, seq: ++log.last };
      const record = { ...entry, ...position, at, cursor: formatCursor(position) };
      stored.push(record);
      log.bytes += bytesOf(entry);
      log.ids.add(entry.id, position.seq); // not the record: an id outlives it
      return { cursor: record.cursor, duplicate: false };
    });
    log.records.push(...stored);
    this.#trim(log, at);
    if (stored.length > 0) {
      this.#topics.set(topic, log);
      this.#tails.tell(topic, stored);
      this.#watchers.tell(topic);
    }
    return results;
  }

  async read(topic: string, after: Position, limit: number): Promise<ReadResult> {
    const log = this.#topic(topic);
    this.#trim(log, this.#now());
    const bounds = boundsOf(log);
    const gap = gapAfter(after, bounds);
    const start = log.head + (gap?.to ?? after).seq + 1 - bounds.first;
    return { gap, records: log.records.slice(start, pageEnd(log.records, start, limit)), bounds };
  }

  async bounds(topic: string): Promise<Bounds> {
    const log = this.#topic(topic);
    this.#trim(log, this.#now());
    return boundsOf(log);
  }

  async seek(topic: string, at: number): Promise<Position> {
    const log = this.#topic(topic);
    let [low, high] = [log.head, log.records.length];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if ((log.records[middle]?.at ?? 0) >= at) high = middle;
      else low = middle + 1;
    }
    return { epoch: log.epoch, seq: log.last - (log.records.length - low) };
  }

  async tail(topic: string, sink: TailSink): Promise<Tail> {
    const { epoch, last } = this.#topic(topic);
    const tail = this.#tails.add(topic, sink);
    sink.start({ epoch, seq: last });
    return tail;
  }

  async topics(sink: (names: readonly string[]) => void): Promise<Tail> {
    this.#checkOpen();
    const now = this.#now();
    for (const log of this.#topics.values()) this.#trim(log, now);
    const names = [...this.#topics].filter(([, log]) => log.head < log.records.length).map(([name]) => name);
    return this.#watchers.add(names, sink);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#watchers.clear();
    this.#topics.clear();
    this.#tails.clear();
  }

  #checkOpen(): void {
    if (this.#closed) throw new EventsError('CLOSED', 'The broker is closed.');
  }

  /** Kept once something is published in it: of names that were only asked for, there may be any number. */
  #topic(name: string): Topic {
    this.#checkOpen();
    const known = this.#topics.get(name);
    if (known) return known;
    const epoch = topicEpoch(this.#epoch, name);
    return { epoch, records: [], head: 0, bytes: 0, last: 0, lastAt: 0, ids: new RememberedIds() };
  }

  #trim(log: Topic, now: number): void {
    const { maxRecords, maxAgeMs, maxBytes } = this.#retention;
    const { records } = log;
    for (let oldest = records[log.head]; oldest; oldest = records[log.head]) {
      const kept = records.length - log.head;
      const isTooMuch = kept > maxRecords || (log.bytes > maxBytes && kept > 1);
      if (!isTooMuch && oldest.at >= now - maxAgeMs) break;
      log.bytes -= bytesOf(oldest);
      log.head++;
    }
    // Moving the records costs as much as there are of them, so it waits until half of them are trimmed.
    if (log.head > records.length / 2) {
      log.records = records.slice(log.head);
      log.head = 0;
    }
  }
}

function boundsOf({ epoch, records, head, last }: Topic): Bounds {
  return { epoch, first: last - (records.length - head) + 1, last };
}
