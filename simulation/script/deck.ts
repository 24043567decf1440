import type { Random } from '../random.ts';

/** Deals each of its cards once before any comes again, in an order of chance. */
export class Deck<T> {
  readonly #cards: readonly T[];
  readonly #random: Random;
  #left: T[] = [];

  constructor(cards: readonly T[], random: Random) {
    if (cards.length === 0) throw new TypeError('Deck: there are no cards');
    this.#cards = cards;
    this.#random = random;
  }

  deal(): T {
    if (this.#left.length === 0) this.#left = this.#random.shuffle(this.#cards);
    return this.#left.pop() as T;
  }
}
