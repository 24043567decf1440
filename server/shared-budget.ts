import { AgingMap } from './aging-map.ts';

/**
 * A bound on what many holders hold together. Beyond it one of those that hold the most is to give something up: so a
 * flood costs the one that floods, and whoever holds little keeps it.
 *
 * Holders are sorted by the power of two of what they hold, so that finding one costs the same however many there are.
 * Among those of about the same size it is the one that changed least recently.
 */
export class SharedBudget<H> {
  readonly #max: number;
  readonly #amounts = new Map<H, number>();
  /** By the number of binary digits of what they hold. */
  readonly #bySize: AgingMap<H, number>[] = [];
  #held = 0;

  /** @param max what all of them may hold together */
  constructor(max: number) {
    this.#max = max;
  }

  /** Total that all of them hold. */
  get held(): number {
    return this.#held;
  }

  /** The one that is to give something up, and then to be `set` again; undefined while together they hold no more than they may. */
  get tooLarge(): H | undefined {
    if (this.#held <= this.#max) return undefined;
    return this.#bySize.findLast((holders) => holders.size > 0)?.oldest?.key;
  }

  /** Notes what a holder holds now; 0 for nothing any more. */
  set(holder: H, amount: number): void {
    const before = this.#amounts.get(holder);
    if (before !== undefined) this.#bySize[sizeOf(before)]?.delete(holder);
    this.#held += amount - (before ?? 0);
    if (amount === 0) {
      this.#amounts.delete(holder);
      return;
    }
    this.#amounts.set(holder, amount);
    const size = sizeOf(amount);
    while (this.#bySize.length <= size) this.#bySize.push(new AgingMap());
    this.#bySize[size]?.set(holder, amount);
  }
}

function sizeOf(amount: number): number {
  return Math.floor(Math.log2(amount)) + 1;
}
