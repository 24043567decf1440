import { sharedNow } from '../harness/clock.ts';

/** Counts arrivals at many connections: the number for each, not the contents. */
export class Tally {
  /** Wire bytes of all events counted. */
  bytes = 0;
  /** Events counted. */
  total = 0;
  /** When the last one came, by the shared clock. */
  lastAt = 0;
  /** True while a connection still waits for events. */
  awaited = true;
  readonly connections: number;
  /** Number of events that each connection should get. */
  readonly events: number;
  readonly #counts: Uint32Array;
  readonly #arrivals: Float64Array | null;

  /**
   * @param connections how many are counted
   * @param events events that each should get
   * @param timed whether to keep when each of them came: 8 bytes for every delivery
   */
  constructor(connections: number, events: number, timed = false) {
    this.connections = connections;
    this.events = events;
    this.#counts = new Uint32Array(connections);
    this.#arrivals = timed ? new Float64Array(connections * events) : null;
  }

  count(connection: number, bytes: number): void {
    const before = this.#counts[connection] ?? 0;
    this.#counts[connection] = before + 1;
    this.bytes += bytes;
    this.total++;
    if (this.#arrivals && before < this.events)
      this.#arrivals[connection * this.events + before] = sharedNow();
    else if (this.total >= this.expectedTotal) this.lastAt = sharedNow();
  }

  get expectedTotal(): number {
    return this.connections * this.events;
  }

  /** Connections that did not get exactly the first `events`, as a sentence; null when all did. */
  complaint(events = this.events): string | null {
    const wrong = [...this.#counts.entries()].filter(([, count]) => count !== events);
    const [first] = wrong;
    if (!first) return null;
    const expected = this.connections * events;
    const missing = expected - this.total;
    const what = missing > 0 ? `${missing} deliveries missing` : `${-missing} deliveries too many`;
    return `${what} of ${expected}; ${wrong.length} connections are wrong, number ${first[0]} got ${first[1]} of ${events}`;
  }

  /** Milliseconds that every delivery took, given when each event was published; sorted. */
  latencies(sentAt: Float64Array): Float64Array {
    if (!this.#arrivals) throw new TypeError('Tally: not timed');
    return this.#arrivals.map((at, index) => at - (sentAt[index % this.events] ?? Number.NaN)).sort();
  }
}
