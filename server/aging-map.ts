/**
 * A map in the order in which keys were set, whose oldest entry is found at once. A `Map` has the order too, but looks for
 * its first entry among all those that were deleted before it: with 100 000 entries that takes 150 µs.
 */
export class AgingMap<K, V> {
  readonly #entries = new Map<K, V>();
  /** Stands right behind the oldest entry that was asked for, and is not disturbed by what is deleted or set. */
  #walk = this.#entries.entries();
  #oldest: [K, V] | undefined;

  get size(): number {
    return this.#entries.size;
  }

  get(key: K): V | undefined {
    return this.#entries.get(key);
  }

  has(key: K): boolean {
    return this.#entries.has(key);
  }

  /** The entry that was set before all others; undefined if there is none. */
  get oldest(): readonly [K, V] | undefined {
    if (this.#oldest) return this.#oldest;
    let next = this.#walk.next();
    if (next.done) {
      this.#walk = this.#entries.entries();
      next = this.#walk.next();
    }
    this.#oldest = next.done ? undefined : next.value;
    return this.#oldest;
  }

  /** Sets a key, which is the newest then. */
  set(key: K, value: V): void {
    this.delete(key);
    this.#entries.set(key, value);
  }

  delete(key: K): boolean {
    if (this.#oldest?.[0] === key) this.#oldest = undefined;
    return this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
    this.#walk = this.#entries.entries();
    this.#oldest = undefined;
  }
}
