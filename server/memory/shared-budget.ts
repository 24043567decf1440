import { AgingMap } from './aging-map.ts';

/**
 * A bound on the sum of the amounts that many holders hold. Beyond it one of the largest holders is to give something up:
 * a flood costs the holder that grew, and small holders keep what they have.
 *
 * Holders are sorted by the power of two of their amount, so finding a large one costs the same for any number of them.
 * Among those of about the same size the one that changed least recently is found.
 */
export class SharedBudget<H> {
  readonly #max: number;
  readonly #amounts = new Map<H, number>();
  /** Holders by the number of binary digits of their amount. */
  readonly #bySize: AgingMap<H, true>[] = [];
  #held = 0;
  #reserved = 0;

  /** @param max the largest sum that is allowed */
  constructor(max: number) {
    this.#max = max;
  }

  /** Total that all of them hold. */
  get held(): number {
    return this.#held;
  }

  /** Notes how much of the sum is taken by what no holder can give up. */
  reserve(amount: number): void {
    this.#reserved = amount;
  }

  /** The holder that is to give something up, and then to be `set` again; undefined while the sum is allowed. */
  get tooLarge(): H | undefined {
    return this.tooLargeBut(undefined);
  }

  /** As {@link tooLarge}, of all but one holder; undefined also if there is no other. */
  tooLargeBut(kept: H | undefined): H | undefined {
    if (this.#held + this.#reserved <= this.#max) return undefined;
    const amount = kept === undefined ? undefined : this.#amounts.get(kept);
    if (kept === undefined || amount === undefined) return this.#largest?.oldest?.key;
    this.set(kept, 0);
    const found = this.#largest?.oldest?.key;
    this.set(kept, amount);
    return found;
  }

  /** The amount that a holder holds; 0 for one that is not known. */
  amountOf(holder: H): number {
    return this.#amounts.get(holder) ?? 0;
  }

  get #largest(): AgingMap<H, true> | undefined {
    return this.#bySize.findLast((holders) => holders.size > 0);
  }

  /** Notes the amount that a holder holds now; 0 removes it. */
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
    this.#bySize[size]?.set(holder, true);
  }
}

function sizeOf(amount: number): number {
  return Math.floor(Math.log2(amount)) + 1;
}
