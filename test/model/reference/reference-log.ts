import { formatCursor, type Position, parseCursor } from '../../../shared/cursor.ts';
import type { GapReason } from '../../../shared/stream-items.ts';
import { type Kept, limitOf, type Trim, trimOf } from './kept.ts';

/** A record of the reference: event `n` at `seq`. */
interface Stored {
  readonly seq: number;
  readonly n: number;
}

/** State of a log that a replica has. */
interface Replica {
  readonly epoch: string;
  readonly records: (number | undefined)[];
  readonly keys: Map<string, string>;
  readonly erased: ReadonlySet<string>;
}

/** Numbers of the records that tell of an erasing, by the type of what was erased. */
export const NOTICES = { agent_message: -1, system_status: -2 } as const;

/** A record that lay in a log before the model's nodes came. */
export interface Inherited {
  readonly n: number;
  readonly key: string | null;
  readonly unreadable: GapReason | undefined;
}

/** The expected log as plain arrays, filled from the answers to publishes. */
export class ReferenceLog {
  readonly kept: Kept;
  /** epoch → the number of the event at index `seq - 1`. */
  readonly #epochs = new Map<string, (number | undefined)[]>();
  /** Made anew once a record is added. */
  readonly #trims = new Map<string, Trim>();
  #keys = new Map<string, string>();
  /** Cursors of erased records. */
  readonly #erased = new Set<string>();
  /** Reasons of the gaps in the places of events that no node can read. */
  readonly #unreadable = new Map<number, GapReason>();
  #replica: Replica | null = null;
  /** Position of the last record; null after the log was lost. */
  epoch: string | null = null;

  constructor(kept: Kept) {
    this.kept = kept;
  }

  /** A publish of event `n` was answered. @param unreadable reason of the gap that nodes tell in its place */
  answered(
    n: number,
    key: string | null,
    result: { cursor: string; duplicate: boolean },
    unreadable?: GapReason,
  ): void {
    if (unreadable !== undefined) this.#unreadable.set(n, unreadable);
    const { epoch, seq } = parseCursor(result.cursor);
    const first = key === null ? undefined : this.#keys.get(key);
    if (result.duplicate) {
      if (key === null) throw new Error(`[D3] event ${n} had no key, and was called a duplicate`);
      if (epoch !== this.epoch)
        throw new Error(`[D3] key ${key} is of an epoch that is gone: ${result.cursor}`);
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
    this.#trims.delete(epoch);
    this.epoch = epoch;
  }

  /** Records were erased, and the log has got to number `last` with the notices of it. */
  erased(cursors: readonly string[], notice: number, last: number): void {
    for (const cursor of cursors) this.#erased.add(cursor);
    const records = this.#epochs.get(this.epoch ?? '');
    if (!records || cursors.length > 0 !== last > records.length)
      throw new Error(`[V7] ${cursors.length} were erased, and the log has got to ${last}`);
    while (records.length < last) records.push(notice);
    this.#trims.delete(this.epoch ?? '');
  }

  isErased(position: Position): boolean {
    return this.#erased.has(formatCursor(position));
  }

  /** The log was lost, and with it its keys. */
  lost(): void {
    this.#keys = new Map();
    this.epoch = null;
    this.#replica = null;
  }

  /** The log was put in the place of another one. */
  inherited(epoch: string, records: readonly Inherited[]): void {
    this.lost();
    for (const [index, { n, key, unreadable }] of records.entries())
      this.answered(
        n,
        key,
        { cursor: formatCursor({ epoch, seq: index + 1 }), duplicate: false },
        unreadable,
      );
  }

  /** Reason of the gap in the place of an event; undefined where it can be read. */
  reasonAgainst(n: number): GapReason | undefined {
    return this.#unreadable.get(n);
  }

  /** Tells if there ever was an event of a version that no node knows. */
  get hasNewer(): boolean {
    return [...this.#unreadable.values()].includes('unknown_version');
  }

  /** A replica has all that the log has. */
  replicated(): void {
    if (this.epoch === null) return;
    const records = [...(this.#epochs.get(this.epoch) ?? [])];
    this.#replica = {
      epoch: this.epoch,
      records,
      keys: new Map(this.#keys),
      erased: new Set(this.#erased),
    };
  }

  /** Tells if there is a replica to take over. */
  get hasReplica(): boolean {
    return this.#replica !== null;
  }

  /**
   * The replica took over, and the log says it is `epoch` now, up to `last`: begun anew, or with what the replica had.
   * @throws Error [D1] when numbers that were given will be given again
   */
  failedOver(epoch: string, last: number): void {
    if (!this.#replica) throw new Error('there was no replica');
    const { epoch: before, records, keys, erased } = this.#replica;
    this.#replica = null;
    if (epoch === before) {
      if (this.epoch !== before || this.last(before) !== records.length)
        throw new Error(
          `[D1] ${before} goes on after ${records.length}, and had got to ${this.last(before)}`,
        );
      return;
    }
    if (this.#epochs.has(epoch)) throw new Error(`[D1] back to ${epoch}`);
    if (last !== 0 && last !== records.length)
      throw new Error(`[D1] of ${records.length} records ${last} are left`);
    if (last > 0) this.#epochs.set(epoch, records);
    this.#trims.delete(epoch);
    // With the epoch's name its cursors change.
    for (const cursor of erased)
      if (last > 0 && cursor.startsWith(`${before}:`)) this.#erased.add(cursor.replace(before, epoch));
    const renamed = ([key, cursor]: [string, string]): [string, string] => [
      key,
      last > 0 && cursor.startsWith(`${before}:`) ? cursor.replace(before, epoch) : cursor,
    ];
    // Keys do not outlive their epoch, unless its records went into the new one.
    this.#keys = last > 0 ? new Map([...keys].map(renamed)) : new Map();
    this.epoch = last > 0 ? epoch : null;
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
    const [oldest] = this.held(() => true, this.epoch, 0, Number.POSITIVE_INFINITY);
    return oldest?.seq ?? this.last(this.epoch) + 1;
  }

  /** Records after `from`, up to and including `to`, that somebody wants and the log holds now. */
  held(matches: (n: number) => boolean, epoch: string | null, from: number, to: number): Stored[] {
    const all = this.wanted(matches, epoch, from, to);
    return epoch === null ? all : all.filter(({ seq }) => this.#trimOf(epoch).held.has(seq));
  }

  /** Tells if a limit of records that somebody may want has taken out one after `from`. */
  mayMiss(matches: (n: number) => boolean, epoch: string, from: number): boolean {
    // Events of each kind: one at least that any choice of a type wants. A type without events is under the limit of others.
    const wanted = [0, 1, 2, 3, 4, 5].filter(matches);
    const { cuts } = this.#trimOf(epoch);
    return (wanted.length > 0 ? wanted : [1]).some((n) => (cuts.get(limitOf(this.kept, n).name) ?? 0) > from);
  }

  #trimOf(epoch: string): Trim {
    const trim = this.#trims.get(epoch) ?? trimOf(this.kept, this.#epochs.get(epoch) ?? []);
    this.#trims.set(epoch, trim);
    return trim;
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
      if (n !== undefined && this.#wants(matches, n)) found.push({ seq, n });
    }
    return found;
  }

  /** Tells if somebody wants a record: of an erasing, or an event that cannot be read, whoever wants events of the type. */
  #wants(matches: (n: number) => boolean, n: number): boolean {
    if (n >= 0 && !this.#unreadable.has(n)) return matches(n);
    return n === NOTICES.system_status ? matches(3) : matches(1) || matches(2);
  }

  /** The last `count` wanted events of those in the log now, readable or not. */
  latest(matches: (n: number) => boolean, count: number): Stored[] {
    return this.held(matches, this.epoch, 0, this.last(this.epoch))
      .filter(({ seq, n }) => n > 0 && !this.isErased({ epoch: this.epoch ?? '', seq }))
      .slice(-count);
  }

  /** All wanted events that the log holds now and that can be read. */
  readable(matches: (n: number) => boolean): Stored[] {
    return this.latest(matches, Number.POSITIVE_INFINITY).filter(({ n }) => !this.#unreadable.has(n));
  }

  /** A place in any log there ever was, or `from` ahead of the present one. */
  cursor(index: number): string | null {
    const places = [...this.#epochs].flatMap(([epoch, records]) =>
      Array.from({ length: records.length + 1 }, (_, seq) => formatCursor({ epoch, seq })),
    );
    return places.length === 0 ? null : (places[places.length - 1 - (index % places.length)] ?? null);
  }
}
