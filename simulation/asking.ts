import type { EventOutlet, OpenQuestion } from './agent/event-outlet.ts';
import { ARCHETYPE_IDS, type ArchetypeId } from './archetypes.ts';
import type { Random } from './random.ts';
import { Deck } from './script/deck.ts';
import { QUESTIONS, type ScriptedQuestion } from './script/questions.ts';

/** Turns before the first question, and from one to the next: least and most. */
const FIRST_TURNS = [6, 9] as const;
const NEXT_TURNS = [14, 20] as const;
/** Turns for which a question waits for its answer: fewer than there are to the next one. */
const PATIENCE_TURNS = 10;

/** Parts of an {@link Asking}. */
export interface AskingOptions {
  /** Its own: whether anybody answers changes nothing of it. */
  random: Random;
  events: EventOutlet;
  /** Called with the first answer to a question. */
  onAnswer: (choice: string) => void;
}

/**
 * Now and then the agent that has spoken puts a question to whoever watches. The conversation goes on meanwhile; a question
 * that nobody answers is withdrawn some turns later.
 */
export class Asking {
  readonly #random: Random;
  readonly #events: EventOutlet;
  readonly #onAnswer: (choice: string) => void;
  readonly #decks = new Map<string, Deck<ScriptedQuestion>>();
  #nextAt: number;
  #open: { readonly question: OpenQuestion; readonly askedAt: number } | undefined;
  #isEnded = false;

  constructor({ random, events, onAnswer }: AskingOptions) {
    this.#random = random;
    this.#events = events;
    this.#onAnswer = onAnswer;
    this.#nextAt = random.int(...FIRST_TURNS);
  }

  /** @param from the agent that has spoken in it */
  turnIsOver(tick: number, from: string): void {
    if (this.#open && tick - this.#open.askedAt >= PATIENCE_TURNS) this.#withdraw();
    const agent = ARCHETYPE_IDS.find((id) => id === from);
    if (tick < this.#nextAt || !agent) return;
    this.#nextAt = tick + this.#random.int(...NEXT_TURNS);
    this.#ask(tick, agent);
  }

  /** Withdraws what is open; nothing more is asked or heard. */
  end(): void {
    this.#isEnded = true;
    this.#withdraw();
  }

  #ask(tick: number, from: ArchetypeId): void {
    const { question, choices } = this.#deckOf(from).deal();
    const asked = this.#events.ask({ agent_id: from, question, choices: [...choices] });
    this.#open = { question: asked, askedAt: tick };
    void asked.choice.then((choice) => {
      if (this.#open?.question === asked) this.#open = undefined;
      // Clients can send any words as an answer; only those that were offered are taken.
      if (!this.#isEnded && choice !== undefined && choices.includes(choice)) this.#onAnswer(choice);
    });
  }

  #deckOf(agent: ArchetypeId): Deck<ScriptedQuestion> {
    const deck = this.#decks.get(agent) ?? new Deck(QUESTIONS[agent], this.#random);
    this.#decks.set(agent, deck);
    return deck;
  }

  #withdraw(): void {
    this.#open?.question.withdraw();
    this.#open = undefined;
  }
}
