interface Entry<K, V> {
  readonly key: K;
  readonly value: V;
  older: Entry<K, V> | undefined;
  newer: Entry<K, V> | undefined;
}

/**
 * A map in the order in which keys were set, whose oldest entry is found at once. A `Map` has the order too, but looks for
 * its first entry among all those that were deleted before it: with 100 000 entries that takes 150 µs.
 */
export class AgingMap<K, V> {
  readonly #entries = new Map<K, Entry<K, V>>();
  #oldest: Entry<K, V> | undefined;
  #newest: Entry<K, V> | undefined;

  get size(): number {
    return this.#entries.size;
  }

  /** The entry that was set before all others; undefined if there is none. */
  get oldest(): Pick<Entry<K, V>, 'key' | 'value'> | undefined {
    return this.#oldest;
  }

  has(key: K): boolean {
    return this.#entries.has(key);
  }

  get(key: K): V | undefined {
    return this.#entries.get(key)?.value;
  }

  /** In no order that counts. */
  *values(): Generator<V, void, undefined> {
    for (const { value } of this.#entries.values()) yield value;
  }

  /** Sets a key, which is the newest then. */
  set(key: K, value: V): void {
    this.delete(key);
    const entry: Entry<K, V> = { key, value, older: this.#newest, newer: undefined };
    if (this.#newest) this.#newest.newer = entry;
    this.#newest = entry;
    this.#oldest ??= entry;
    this.#entries.set(key, entry);
  }

  delete(key: K): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    const { older, newer } = entry;
    if (older) older.newer = newer;
    else this.#oldest = newer;
    if (newer) newer.older = older;
    else this.#newest = older;
    this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
    this.#oldest = undefined;
    this.#newest = undefined;
  }
}
