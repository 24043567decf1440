import type { Position } from '../../../shared/cursor.ts';

/** A record that was seen in a log. `id` is empty if only the position is known. */
export interface SeenRecord extends Position {
  readonly id: string;
}

/** The latest record of a topic, and the topic's earlier epochs. */
interface LatestRecord extends SeenRecord {
  /** Epochs that were replaced by another, the latest last. */
  readonly left: readonly string[];
}

const MAX_TOPICS = 10_000;
/** Earlier epochs remembered of a topic. */
const MAX_LEFT = 8;

/**
 * The latest record of each topic that this process knows to have been in the log. A log that lacks it later, or that has
 * an earlier epoch again, was rewound. Without this memory, records with numbers given a second time would look like any
 * others.
 */
export class SeenRecords {
  readonly #confirmed = new Map<string, LatestRecord>();
  readonly #announced = new Map<string, LatestRecord>();

  get(topic: string): LatestRecord | undefined {
    return this.#confirmed.get(topic);
  }

  /** Notes a record that the log itself holds. */
  confirm(topic: string, record: SeenRecord): void {
    put(this.#confirmed, topic, record);
  }

  /** Notes a record that was announced. Anybody can announce, so it is kept apart until {@link believeAnnounced}. */
  announce(topic: string, record: SeenRecord): void {
    put(this.#announced, topic, record);
  }

  /** Drops the announced record of a topic: the log, in the same epoch, does not hold it. */
  forgetAnnounced(topic: string): void {
    this.#announced.delete(topic);
  }

  /** Confirms all announced records: the log may be another one from now on, and must hold them. */
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
  if (latest?.left.includes(epoch)) return; // a late answer, or one of a former server
  const left = latest?.left ?? [];
  records.delete(topic);
  records.set(topic, {
    ...{ epoch, seq, id },
    left: latest && latest.epoch !== epoch ? [...left, latest.epoch].slice(-MAX_LEFT) : left,
  });
  const [oldest] = records.keys();
  if (records.size > MAX_TOPICS && oldest !== undefined) records.delete(oldest);
}
