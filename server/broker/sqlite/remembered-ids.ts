import { IDEMPOTENCY_MS } from '../broker.ts';

/** Idempotency keys of a topic and the records they stored [D3], oldest first. */
export class RememberedIds {
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

  /** Drops those whose time is over; the `seq` of the last of them, or 0. */
  forget(now: number): number {
    let forgotten = 0;
    for (const [id, { seq, at }] of this.#places) {
      if (at > now - IDEMPOTENCY_MS) break;
      this.#places.delete(id);
      forgotten = seq;
    }
    return forgotten;
  }
}
