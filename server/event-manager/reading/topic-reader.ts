import type { Position } from '../../../shared/cursor.ts';
import type { Bounds, Broker, Gap, LogRecord } from '../../broker/broker.ts';
import { holds, RecentPages } from '../records/recent-pages.ts';
import type { StreamRecord } from '../records/stream-record.ts';

const pages = new RecentPages();

/** Turns a log's record into a stream's: the same, or a gap of one if it is not a valid event. */
export type RecordGate = (record: LogRecord) => StreamRecord;

/** One topic's log as this process reads it: the broker's, with malformed records turned away. */
export class TopicReader {
  readonly topic: string;
  readonly #broker: Broker;
  readonly #admit: RecordGate;

  constructor(topic: string, broker: Broker, admit: RecordGate) {
    this.topic = topic;
    this.#broker = broker;
    this.#admit = admit;
  }

  /** See Broker.read. A page that another reader had right before is not read again if the log still holds it. */
  async read(after: Position, limit: number): Promise<{ gap: Gap | null; records: readonly StreamRecord[] }> {
    const kept = pages.after(this, after).slice(0, limit);
    if (kept.length > 0 && holds(await this.bounds(), kept)) return { gap: null, records: kept };
    const { gap, records } = await this.#broker.read(this.topic, after, limit);
    const admitted = records.map(this.#admit);
    if (!gap && admitted.length > 0) pages.keep(this, admitted);
    return { gap, records: admitted };
  }

  /** See Broker.bounds. */
  bounds(): Promise<Bounds> {
    return this.#broker.bounds(this.topic);
  }

  /** The position right before the first record appended at or after an ISO 8601 time. */
  seek(at: string): Promise<Position> {
    return this.#broker.seek(this.topic, Date.parse(at));
  }

  /** See Broker.tail; records reach the sink already admitted. */
  tail(sink: {
    start(position: Position): void;
    records(records: readonly StreamRecord[]): void;
    gap(gap: Gap): void;
  }): ReturnType<Broker['tail']> {
    return this.#broker.tail(this.topic, {
      start: (position) => sink.start(position),
      records: (records) => sink.records(records.map(this.#admit)),
      gap: (gap) => sink.gap(gap),
    });
  }
}
