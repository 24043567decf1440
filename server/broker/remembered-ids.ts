import { AgingMap } from '../memory/aging-map.ts';
import { IDEMPOTENCY_MS } from './broker.ts';

/**
 * Keys of one topic that are remembered at most, 1600 a second for five minutes: of more the oldest are forgotten sooner.
 * Each takes some 200 bytes.
 */
const MAX_IDS = 500_000;

/**
 * Idempotency keys of a topic and the records they stored [D3], oldest first. Their time is measured in this process:
 * the time of day may be set, and what was then would not be forgotten for hours, or at once.
 */
export class RememberedIds {
  readonly #now: () => number;
  readonly #max: number;
  #forgotten = 0;
  readonly #places = new AgingMap<string, { readonly seq: number; readonly at: number }>();

  /** @param now ms since any moment; never goes back */
  constructor(now: () => number = () => performance.now(), max: number = MAX_IDS) {
    this.#now = now;
    this.#max = max;
  }

  /** The `seq` of the record stored with this id, or undefined. */
  seqOf(id: string): number | undefined {
    return this.#places.get(id)?.seq;
  }

  /** Number of ids. */
  get size(): number {
    return this.#places.size;
  }

  /** The `seq` of the oldest; Infinity if there is none. */
  get oldest(): number {
    return this.#places.oldest?.value.seq ?? Number.POSITIVE_INFINITY;
  }

  /** Adds the id of a record later than all before, with the time it was stored. */
  add(id: string, seq: number, ageMs = 0): void {
    this.#places.set(id, { seq, at: this.#now() - ageMs });
    if (this.#places.size > this.#max) this.dropOldest();
  }

  dropOldest(): void {
    const { oldest } = this.#places;
    if (!oldest) return;
    this.#places.delete(oldest.key);
    this.#forgotten = oldest.value.seq;
  }

  delete(id: string): void {
    this.#places.delete(id);
  }

  /** The `seq` of the last one that was forgotten; 0 before the first. */
  get forgotten(): number {
    return this.#forgotten;
  }

  /** Drops those whose time is over. */
  forget(): void {
    const until = this.#now() - IDEMPOTENCY_MS;
    while (this.#places.oldest && this.#places.oldest.value.at <= until) this.dropOldest();
  }
}
