import type { Position } from '../../shared/cursor.ts';
import type { StreamRecord } from './stream-record.ts';

/**
 * The last records of a topic, kept in memory so that a reader slightly behind, or a thousand that reconnect at
 * once, need not ask the broker.
 */
export class RecentRecords {
  readonly #limit: number;
  /** Contiguous, oldest first, of one epoch. */
  #records: StreamRecord[] = [];

  /** @param limit records kept at least; up to twice as many are held between two clean-ups */
  constructor(limit: number) {
    this.#limit = limit;
  }

  push(record: StreamRecord): void {
    const last = this.#records.at(-1);
    if (last && (last.epoch !== record.epoch || last.seq + 1 !== record.seq)) this.#records = [];
    this.#records.push(record);
    if (this.#records.length >= this.#limit * 2) this.#records = this.#records.slice(-this.#limit);
  }

  /** Up to `limit` records right after a position, or null if that is not all in here. */
  after({ epoch, seq }: Position, limit: number): readonly StreamRecord[] | null {
    const first = this.#records[0];
    if (!first || first.epoch !== epoch || seq < first.seq - 1) return null;
    const start = seq + 1 - first.seq;
    return start < this.#records.length ? this.#records.slice(start, start + limit) : null;
  }
}
