/** Things that are told once each, up to a number of them: a stranger, or a fault, may bring any number. */
export class ToldOnce {
  readonly #most: number;
  readonly #told = new Set<string>();

  /** @param most different ones that are told; the others are not */
  constructor(most: number) {
    this.#most = most;
  }

  /** Tells if a thing is to be told now. */
  isNew(thing: string): boolean {
    if (this.#told.has(thing) || this.#told.size >= this.#most) return false;
    this.#told.add(thing);
    return true;
  }
}
