import { formatCursor, type Position, parseCursor } from '../../shared/cursor.ts';

/** A record of the reference: event `n` at `seq`. */
interface Stored {
  readonly seq: number;
  readonly n: number;
}

/** What the log has to be, as plain arrays: filled from what publishes were answered. */
export class ReferenceLog {
  readonly maxRecords: number;
  /** epoch → the number of the event at index `seq - 1`. */
  readonly #epochs = new Map<string, (number | undefined)[]>();
  #keys = new Map<string, string>();
  /** Of the last record; null after the log was lost. */
  epoch: string | null = null;

  constructor(maxRecords: number) {
    this.maxRecords = maxRecords;
  }

  /** A publish of event `n` was answered. */
  answered(n: number, key: string | null, result: { cursor: string; duplicate: boolean }): void {
    const { epoch, seq } = parseCursor(result.cursor);
    const first = key === null ? undefined : this.#keys.get(key);
    if (result.duplicate) {
      if (key === null) throw new Error(`[D3] event ${n} had no key, and was called a duplicate`);
      if (first !== undefined && first !== result.cursor)
        throw new Error(`[D3] key ${key} is ${first}, answered ${result.cursor}`);
      this.#keys.set(key, result.cursor);
      return;
    }
    if (first !== undefined) throw new Error(`[D3] key ${key} was stored twice: ${first}, ${result.cursor}`);
    if (key !== null) this.#keys.set(key, result.cursor);
    const records = this.#epochs.get(epoch) ?? [];
    this.#epochs.set(epoch, records);
    if (records[seq - 1] !== undefined) throw new Error(`[D1] ${result.cursor} was given twice`);
    records[seq - 1] = n;
    this.epoch = epoch;
  }

  /** The log was lost, and with it its keys. */
  lost(): void {
    this.#keys = new Map();
    this.epoch = null;
  }

  /** Every publish was answered: there is no hole in the numbers. */
  checkNumbers(): void {
    for (const [epoch, records] of this.#epochs) {
      for (let i = 0; i < records.length; i++)
        if (records[i] === undefined) throw new Error(`[D1] nobody was answered ${epoch}:${i + 1}`);
    }
  }

  last(epoch: string | null): number {
    return epoch === null ? 0 : (this.#epochs.get(epoch)?.length ?? 0);
  }

  /** The oldest that the log holds now. */
  get first(): number {
    return Math.max(0, this.last(this.epoch) - this.maxRecords) + 1;
  }

  at({ epoch, seq }: Position): number | undefined {
    return this.#epochs.get(epoch)?.[seq - 1];
  }

  /** Records after `from`, up to and including `to`, that somebody wants. */
  wanted(matches: (n: number) => boolean, epoch: string | null, from: number, to: number): Stored[] {
    const records = epoch === null ? [] : (this.#epochs.get(epoch) ?? []);
    const found: Stored[] = [];
    for (let seq = Math.max(from, 0) + 1; seq <= Math.min(to, records.length); seq++) {
      const n = records[seq - 1];
      if (n !== undefined && matches(n)) found.push({ seq, n });
    }
    return found;
  }

  /** Of those in the log now, the last `count` that somebody wants. */
  latest(matches: (n: number) => boolean, count: number): Stored[] {
    const last = this.last(this.epoch);
    return this.wanted(matches, this.epoch, last - this.maxRecords, last).slice(-count);
  }

  /** A place in any log there ever was, or `from` ahead of the present one. */
  cursor(index: number): string | null {
    const places = [...this.#epochs].flatMap(([epoch, records]) =>
      Array.from({ length: records.length + 1 }, (_, seq) => formatCursor({ epoch, seq })),
    );
    return places.length === 0 ? null : (places[places.length - 1 - (index % places.length)] ?? null);
  }
}
