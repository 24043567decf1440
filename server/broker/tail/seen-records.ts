import type { Position } from '../../../shared/cursor.ts';

/** A record that was seen in a log; `id` is empty where only its place is known. */
export interface SeenRecord extends Position {
  readonly id: string;
}

/** The latest of a topic, and which logs there were before. */
interface LatestRecord extends SeenRecord {
  /** Epochs that others took the place of, the last one at the end. */
  readonly left: readonly string[];
}

const MAX_TOPICS = 10_000;
/** Records of a topic. */
const MAX_LEFT = 8;

/**
 * The latest record of each topic that this process knows to have been in the log. A log that lacks it later, or is one
 * that was left, was rewound: without this memory, what is given a second time would look like any other.
 */
export class SeenRecords {
  readonly #confirmed = new Map<string, LatestRecord>();
  readonly #announced = new Map<string, LatestRecord>();

  get(topic: string): LatestRecord | undefined {
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

function put(records: Map<string, LatestRecord>, topic: string, { epoch, seq, id }: SeenRecord): void {
  const latest = records.get(topic);
  if (latest?.epoch === epoch && (latest.seq > seq || (latest.seq === seq && id === ''))) return;
  if (latest?.left.includes(epoch)) return; // an answer that was late, or of a server that was left
  const left = latest?.left ?? [];
  records.delete(topic);
  records.set(topic, {
    ...{ epoch, seq, id },
    left: latest && latest.epoch !== epoch ? [...left, latest.epoch].slice(-MAX_LEFT) : left,
  });
  const [oldest] = records.keys();
  if (records.size > MAX_TOPICS && oldest !== undefined) records.delete(oldest);
}
