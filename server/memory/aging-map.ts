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

/** All memos of the process that are still used. */
const memos = new Set<WeakRef<{ clear(): void }>>();

/** Has {@link clearMemos} empty a thing of another kind too. */
export function clearedWithMemos(memo: { clear(): void }): void {
  memos.add(new WeakRef(memo));
}

/** Empties all {@link BoundedMemo}s: what they hold must not stay in memory. */
export function clearMemos(): void {
  for (const memo of memos) {
    const used = memo.deref();
    if (used) used.clear();
    else memos.delete(memo);
  }
}

/** Caches the result of making something of a thing, by the thing's identity, or that of equal texts; evicts the oldest beyond a number of bytes. */
export class BoundedMemo<Thing, Made> {
  readonly #maxBytes: number;
  readonly #make: (thing: Thing) => Made;
  readonly #size: (thing: Thing, made: Made) => number;
  /** In the order they were made. */
  readonly #made = new AgingMap<Thing, Made>();
  #bytes = 0;

  /**
   * @param maxBytes how much is kept at most; the one made last is kept in any case
   * @param size bytes, about, that one of them holds
   */
  constructor(maxBytes: number, make: (thing: Thing) => Made, size: (thing: Thing, made: Made) => number) {
    this.#maxBytes = maxBytes;
    this.#make = make;
    this.#size = size;
    clearedWithMemos(this);
  }

  clear(): void {
    this.#made.clear();
    this.#bytes = 0;
  }

  of(thing: Thing): Made {
    let made = this.#made.get(thing);
    if (made === undefined) {
      made = this.#make(thing);
      this.#made.set(thing, made);
      this.#bytes += this.#size(thing, made);
      this.#trim();
    }
    return made;
  }

  #trim(): void {
    for (let { oldest } = this.#made; oldest && this.#made.size > 1; { oldest } = this.#made) {
      if (this.#bytes <= this.#maxBytes) return;
      this.#made.delete(oldest.key);
      this.#bytes -= this.#size(oldest.key, oldest.value);
    }
  }
}
