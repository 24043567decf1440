/** Caches the result of making something of a thing, by the thing's identity; evicts the oldest beyond a number of bytes. */
export class BoundedMemo<Thing extends object, Made> {
  readonly #maxBytes: number;
  readonly #make: (thing: Thing) => Made;
  readonly #size: (thing: Thing, made: Made) => number;
  /** In the order they were made. */
  readonly #made = new Map<Thing, Made>();
  #bytes = 0;

  /**
   * @param maxBytes how much is kept at most; the one made last is kept in any case
   * @param size bytes, about, that one of them holds
   */
  constructor(maxBytes: number, make: (thing: Thing) => Made, size: (thing: Thing, made: Made) => number) {
    this.#maxBytes = maxBytes;
    this.#make = make;
    this.#size = size;
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
    for (const [thing, made] of this.#made) {
      if (this.#bytes <= this.#maxBytes || this.#made.size === 1) return;
      this.#made.delete(thing);
      this.#bytes -= this.#size(thing, made);
    }
  }
}
