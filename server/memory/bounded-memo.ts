import { AgingMap } from './aging-map.ts';

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
