import type { Position } from '../../../shared/cursor.ts';

/** A record that was seen in a log; `id` is empty where only its place is known. */
export interface SeenRecord extends Position {
  readonly id: string;
}

const MAX_TOPICS = 10_000;

/**
 * The latest record of each topic that this process knows to have been in the log. A log that lacks it later was
 * rewound: without this memory, numbers that are given a second time would look like any other.
 */
export class SeenRecords {
  readonly #confirmed = new Map<string, SeenRecord>();
  readonly #announced = new Map<string, SeenRecord>();

  get(topic: string): SeenRecord | undefined {
    return this.#confirmed.get(topic);
  }

  /** The log itself said so. */
  confirm(topic: string, record: SeenRecord): void {
    put(this.#confirmed, topic, record);
  }

  /** It was announced, which anybody can do: kept apart until it matters. */
  announce(topic: string, record: SeenRecord): void {
    put(this.#announced, topic, record);
  }

  /** The log contradicts what was announced, and is the same log. */
  forgetAnnounced(topic: string): void {
    this.#announced.delete(topic);
  }

  /** The log may be another one from now on: what was announced is evidence of what it has to hold. */
  believeAnnounced(): void {
    for (const [topic, record] of this.#announced) {
      if ((this.get(topic)?.epoch ?? record.epoch) === record.epoch) this.confirm(topic, record);
    }
    this.#announced.clear();
  }
}

function put(records: Map<string, SeenRecord>, topic: string, { epoch, seq, id }: SeenRecord): void {
  const latest = records.get(topic);
  if (latest?.epoch === epoch && (latest.seq > seq || (latest.seq === seq && id === ''))) return;
  records.delete(topic);
  records.set(topic, { epoch, seq, id });
  const [oldest] = records.keys();
  if (records.size > MAX_TOPICS && oldest !== undefined) records.delete(oldest);
}
