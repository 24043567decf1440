import { IDEMPOTENCY_MS } from './broker.ts';

/**
 * Idempotency keys of a topic and the records they stored [D3], oldest first. Their time is measured in this process:
 * the time of day may be set, and what was then would not be forgotten for hours, or at once.
 */
export class RememberedIds {
  readonly #now: () => number;
  #forgotten = 0;
  readonly #places = new Map<string, { readonly seq: number; readonly at: number }>();

  /** @param now ms since any moment; never goes back */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** The `seq` of the record stored with this id, or undefined. */
  seqOf(id: string): number | undefined {
    return this.#places.get(id)?.seq;
  }

  /** Of a record later than all before, stored so long ago. */
  add(id: string, seq: number, ageMs = 0): void {
    this.#places.set(id, { seq, at: this.#now() - ageMs });
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
    const now = this.#now();
    for (const [id, { seq, at }] of this.#places) {
      if (at > now - IDEMPOTENCY_MS) return;
      this.#places.delete(id);
      this.#forgotten = seq;
    }
  }
}
