import type { Position } from '../../shared/cursor.ts';
import type { Bounds, Broker, Gap, LogRecord } from '../broker/broker.ts';
import type { StreamRecord } from './stream-record.ts';

/** Turns a log's record into a stream's: the same, or a gap of one if it is not a valid event. */
export type Admit = (record: LogRecord) => StreamRecord;

/** One topic's log as this process reads it: the broker's, with malformed records turned away. */
export class TopicLog {
  readonly topic: string;
  readonly #broker: Broker;
  readonly #admit: Admit;

  constructor(topic: string, broker: Broker, admit: Admit) {
    this.topic = topic;
    this.#broker = broker;
    this.#admit = admit;
  }

  /** See Broker.read. */
  async read(after: Position, limit: number): Promise<{ gap: Gap | null; records: readonly StreamRecord[] }> {
    const { gap, records } = await this.#broker.read(this.topic, after, limit);
    return { gap, records: records.map(this.#admit) };
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
