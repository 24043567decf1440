import { AgingMap } from '../../../memory/aging-map.ts';

/** Ids that are remembered: more than change while a set is read. */
const MAX_IDS = 1000;

/** Ids of events that are over, each with the number of the record that tells so; the oldest are forgotten. */
export class LateIds {
  readonly #ids = new AgingMap<string, number>();

  add(id: string, seq: number): void {
    this.#ids.set(id, seq);
    if (this.#ids.size > MAX_IDS && this.#ids.oldest) this.#ids.delete(this.#ids.oldest.key);
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  /** The record's number; undefined where the id is not known. */
  seqOf(id: string): number | undefined {
    return this.#ids.get(id);
  }

  clear(): void {
    this.#ids.clear();
  }
}
