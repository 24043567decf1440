/** Messages that a path holds. */
export const QUEUE_LIMIT = 100;

/** The latest messages of one path, oldest first; a full queue forgets its oldest. */
export class PathQueue<T> {
  readonly #items: T[] = [];

  get size(): number {
    return this.#items.length;
  }

  /** Use of a path, 0 to 1. */
  get strength(): number {
    return Math.min(this.#items.length / QUEUE_LIMIT, 1);
  }

  push(item: T): void {
    this.#items.push(item);
    if (this.#items.length > QUEUE_LIMIT) this.#items.shift();
  }

  items(): readonly T[] {
    return this.#items;
  }
}
