import type { Position } from '../../../shared/cursor.ts';

/** A record that was seen in a log; `id` is empty where only its place is known. */
export interface SeenRecord extends Position {
  readonly id: string;
}

const MAX_TOPICS = 10_000;

/**
 * The latest record of each topic that this process has seen. A log that does not have it was rewound: without this
 * memory, numbers that are given a second time would look like any other.
 */
export class SeenRecords {
  readonly #topics = new Map<string, SeenRecord>();

  get(topic: string): SeenRecord | undefined {
    return this.#topics.get(topic);
  }

  add(topic: string, record: SeenRecord): void {
    const latest = this.#topics.get(topic);
    if (latest?.epoch === record.epoch) {
      if (latest.seq > record.seq || (latest.seq === record.seq && record.id === '')) return;
    }
    this.#topics.delete(topic);
    this.#topics.set(topic, { epoch: record.epoch, seq: record.seq, id: record.id });
    if (this.#topics.size <= MAX_TOPICS) return;
    const [oldest] = this.#topics.keys();
    if (oldest !== undefined) this.#topics.delete(oldest);
  }
}
