import type { ArchetypeId } from '../archetypes.ts';
import type { Random } from '../random.ts';
import { EXCHANGES, type Exchange } from './exchanges.ts';
import type { Mood } from './script.ts';

/** Probability of a line that has an answer, where there is one. */
const OPENS = 0.6;

/** Begins exchanges, and remembers what is still to be answered. None comes twice until all of its mood have come. */
export class SmallTalk {
  readonly #random: Random;
  #left: readonly Exchange[];
  /** Answers that are owed, by the agent that owes them. */
  readonly #owed = new Map<ArchetypeId, Exchange>();

  constructor(random: Random) {
    this.#random = random;
    this.#left = random.shuffle(EXCHANGES);
  }

  /** The answer that one owes another, or undefined. It is owed until the mood changes, or something newer is asked. */
  answer(mood: Mood, from: ArchetypeId, to: ArchetypeId): string | undefined {
    const owed = this.#owed.get(from);
    if (owed?.mood !== mood || owed.from === to) this.#owed.delete(from);
    return owed?.mood === mood && owed.from === to ? owed.answer : undefined;
  }

  /** Something that one says to another and that asks for an answer, or undefined. */
  open(mood: Mood, from: ArchetypeId, to: ArchetypeId): string | undefined {
    if (this.#random.next() >= OPENS) return undefined;
    if (!this.#left.some((exchange) => exchange.mood === mood)) {
      this.#left = [...this.#left, ...this.#random.shuffle(EXCHANGES.filter((each) => each.mood === mood))];
    }
    const found = this.#left.find((each) => each.mood === mood && each.from === from && each.to === to);
    if (!found) return undefined;
    this.#left = this.#left.filter((exchange) => exchange !== found);
    this.#owed.set(to, found);
    return found.says;
  }

  /** Something else is talked about: nobody owes an answer. */
  interrupt(): void {
    this.#owed.clear();
  }
}
