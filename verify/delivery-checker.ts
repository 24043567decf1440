import { Counters } from './counters.ts';

/** Checks what all readers together got of some publishers' events. */
export interface DeliveryReport {
  readonly acknowledged: number;
  readonly delivered: number;
  /** Acknowledged, never delivered, and no gap in their place. */
  readonly silent: number;
  /** Acknowledged, never delivered, and a gap in their place says so. */
  readonly announced: number;
  readonly duplicated: number;
  readonly reordered: number;
  readonly gaps: number;
}

/** Counts what readers got of events that carry `<publisher>:<counter>`; counters begin at 0 and rise. */
export class DeliveryChecker {
  readonly #acknowledged = new Map<string, Counters>();
  readonly readers: DeliveryReader[] = [];

  /** The publish of an event was answered. */
  acknowledge(publisher: string, counter: number): void {
    const counters = this.#acknowledged.get(publisher) ?? new Counters();
    this.#acknowledged.set(publisher, counters);
    counters.add(counter);
  }

  reader(): DeliveryReader {
    const reader = new DeliveryReader();
    this.readers.push(reader);
    return reader;
  }

  /** Events answered so far. */
  get acknowledged(): number {
    return [...this.#acknowledged.values()].reduce((sum, { size }) => sum + size, 0);
  }

  /** Tells if every reader has the last event of every publisher. */
  get isLevel(): boolean {
    return this.readers.every((reader) =>
      [...this.#acknowledged].every(([publisher, counters]) => reader.has(publisher, counters.highest)),
    );
  }

  /** @returns tells whether every reader has got so many events of every publisher that were published after this call, or later ones */
  following(count: number): () => boolean {
    // The one after the last may be under way.
    const from = new Map(
      [...this.#acknowledged].map(([name, counters]) => [name, counters.highest + 1 + count]),
    );
    const names = this.#acknowledged;
    return () =>
      names.size > 0 &&
      this.readers.every((reader) =>
        [...names.keys()].every((name) => reader.highest(name) >= (from.get(name) ?? count)),
      );
  }

  report(): DeliveryReport {
    const sum = (count: (reader: DeliveryReader) => number): number =>
      this.readers.reduce((total, reader) => total + count(reader), 0);
    const missing = this.readers.map((reader) => reader.missing(this.#acknowledged));
    return {
      acknowledged: this.acknowledged,
      delivered: sum(({ delivered }) => delivered),
      silent: missing.reduce((total, { silent }) => total + silent, 0),
      announced: missing.reduce((total, { announced }) => total + announced, 0),
      duplicated: sum(({ duplicated }) => duplicated),
      reordered: sum(({ reordered }) => reordered),
      gaps: sum(({ gaps }) => gaps),
    };
  }
}

/** Checks what one subscriber got. */
export class DeliveryReader {
  delivered = 0;
  duplicated = 0;
  reordered = 0;
  gaps = 0;
  /** publisher → its counters that came, each with the gaps that there had been. */
  readonly #seen = new Map<string, Counters>();

  event(message: string): void {
    const [publisher = '', text] = message.split(':');
    const counter = Number(text);
    const seen = this.#seen.get(publisher) ?? new Counters();
    this.#seen.set(publisher, seen);
    const { highest } = seen;
    if (!seen.add(counter, this.gaps)) {
      this.duplicated++;
      return;
    }
    if (counter < highest) this.reordered++;
    this.delivered++;
  }

  gap(): void {
    this.gaps++;
  }

  has(publisher: string, counter: number): boolean {
    return this.#seen.get(publisher)?.mark(counter) !== undefined;
  }

  /** The highest counter of a publisher that came; -1 before the first. */
  highest(publisher: string): number {
    return this.#seen.get(publisher)?.highest ?? -1;
  }

  missing(acknowledged: ReadonlyMap<string, Counters>): { silent: number; announced: number } {
    const lost = { silent: 0, announced: 0 };
    for (const [publisher, counters] of acknowledged) {
      const seen = this.#seen.get(publisher);
      let before = 0;
      let waiting = 0;
      for (const counter of counters) {
        const after = seen?.mark(counter);
        if (after === undefined) {
          waiting++;
          continue;
        }
        // Something missing between two that came is told of if a gap came between them too.
        lost[after > before ? 'announced' : 'silent'] += waiting;
        waiting = 0;
        before = after;
      }
      lost[this.gaps > before ? 'announced' : 'silent'] += waiting;
    }
    return lost;
  }
}
