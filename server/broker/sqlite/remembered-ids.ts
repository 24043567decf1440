import { IDEMPOTENCY_MS } from '../broker.ts';

/** Idempotency keys of a topic and the records they stored [D3], oldest first. */
export class RememberedIds {
  #forgotten = 0;
  readonly #places = new Map<string, { readonly seq: number; readonly at: number }>();

  /** The `seq` of the record stored with this id, or undefined. */
  seqOf(id: string): number | undefined {
    return this.#places.get(id)?.seq;
  }

  /** Of a record later than all before. */
  add(id: string, seq: number, at: number): void {
    this.#places.set(id, { seq, at });
  }

  delete(id: string): void {
    this.#places.delete(id);
  }

  /** The `seq` of the last one that was forgotten; 0 before the first. */
  get forgotten(): number {
    return this.#forgotten;
  }

  /** Drops those whose time is over. */
  forget(now: number): void {
    for (const [id, { seq, at }] of this.#places) {
      if (at > now - IDEMPOTENCY_MS) return;
      this.#places.delete(id);
      this.#forgotten = seq;
    }
  }
}
