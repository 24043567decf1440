import type { ArchetypeId } from '../archetypes.ts';
import type { Random } from '../random.ts';
import { Deck } from './deck.ts';
import type { Mood, Script } from './script.ts';

/** Words before a position that is taken once more. */
const LEAD_INS = ['Again: ', 'As I said: ', 'Once more: ', 'I will say it again: ', 'I can only repeat: '];

/** Probability that an archetype uses a line made for its listener, when it has one. */
const ADDRESSED = 0.4;

/** One archetype's lines through a run: none comes twice until all of its kind have come, but for what is said on purpose. */
export class Voice {
  readonly #random: Random;
  readonly #moods: Readonly<Record<Mood | 'stimulus', Deck<string>>>;
  /** Lines for one listener only, by mood and listener. */
  readonly #addressed: Readonly<Partial<Record<Mood, ReadonlyMap<string, Deck<string>>>>>;
  readonly #leadIns: Deck<string>;
  /** The position it takes now, and whether it has repeated it. */
  #position: { readonly line: string; repeated: boolean } | undefined;
  #refrain: string | undefined;

  constructor(script: Script, random: Random) {
    const deck = (lines: readonly string[]): Deck<string> => new Deck(lines, random);
    this.#random = random;
    this.#moods = {
      calm: deck(script.calm),
      repetition: deck(script.repetition),
      stagnation: deck(script.stagnation),
      emergency: deck(script.emergency),
      recovery: deck(script.recovery),
      stimulus: deck(script.stimulus),
    };
    const decks = (lines: Script['toward']): ReadonlyMap<string, Deck<string>> =>
      new Map(Object.entries(lines).map(([to, those]) => [to, deck(those)]));
    this.#addressed = { calm: decks(script.toward), emergency: decks(script.across) };
    this.#leadIns = deck(LEAD_INS);
  }

  /** An answer to what came from outside. */
  answer(): string {
    return this.#moods.stimulus.deal();
  }

  /** Gives up its position in every mood that does not go round in circles. */
  enter(mood: Mood): void {
    if (mood === 'repetition' || mood === 'stagnation') return;
    this.#position = undefined;
    this.#refrain = undefined;
  }

  line(mood: Mood, to: ArchetypeId): string {
    this.enter(mood);
    if (mood === 'repetition') return this.#takePosition();
    if (mood === 'stagnation') return this.#sayRefrain();
    const addressed = this.#addressed[mood]?.get(to);
    return addressed && this.#random.next() < ADDRESSED ? addressed.deal() : this.#moods[mood].deal();
  }

  /** Takes a position, and the next time takes it again. */
  #takePosition(): string {
    const position = this.#position;
    if (position && !position.repeated) {
      position.repeated = true;
      return this.#leadIns.deal() + position.line;
    }
    const line = this.#moods.repetition.deal();
    this.#position = { line, repeated: false };
    return line;
  }

  /** Takes its last position once more, now with a refrain, and from then on has the refrain and nothing else. */
  #sayRefrain(): string {
    if (this.#refrain !== undefined) return this.#refrain;
    this.#refrain = this.#moods.stagnation.deal();
    return this.#position ? `${this.#position.line} ${this.#refrain}` : this.#refrain;
  }
}
