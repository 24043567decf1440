/** Neighbours with the same mark. */
interface Run {
  readonly from: number;
  to: number;
  readonly mark: number;
}

/** Counters that rise, each with a mark that few of them change: hours of them take no more memory than a few runs do. */
export class Counters implements Iterable<number> {
  /** In order. */
  readonly #runs: Run[] = [];
  /** Counters so far. */
  size = 0;

  /** The highest; -1 before the first. */
  get highest(): number {
    return this.#runs.at(-1)?.to ?? -1;
  }

  /** Runs that they take. */
  get runs(): number {
    return this.#runs.length;
  }

  /** @returns false where it was there */
  add(counter: number, mark = 0): boolean {
    const index = this.#lastFrom(counter);
    const run = this.#runs[index];
    if (run && counter <= run.to) return false;
    this.size++;
    if (run && run.to + 1 === counter && run.mark === mark) run.to = counter;
    else this.#runs.splice(index + 1, 0, { from: counter, to: counter, mark });
    return true;
  }

  /** The mark of a counter; undefined where it was not added. */
  mark(counter: number): number | undefined {
    const run = this.#runs[this.#lastFrom(counter)];
    return run && counter <= run.to ? run.mark : undefined;
  }

  *[Symbol.iterator](): Generator<number, void, undefined> {
    for (const { from, to } of this.#runs) for (let counter = from; counter <= to; counter++) yield counter;
  }

  /** The place of the last run that begins no later; -1 where none does. Looked for from the end, where counters that rise are. */
  #lastFrom(counter: number): number {
    let [low, high] = [-1, this.#runs.length - 1];
    if (high >= 0 && (this.#runs[high]?.from ?? 0) <= counter) return high;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#runs[middle]?.from ?? 0) <= counter) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
