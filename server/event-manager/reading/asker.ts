import { SharedBudget } from '../../memory/shared-budget.ts';

/** Bytes that may wait to be taken by one client, over any transport; characters, where text waits in the process [D9]. */
export const UNSENT_BYTES = 1024 * 1024;

/** Characters of JSON that reductions of one asker may hold, and those of the process. */
const ASKER_CHARS = 1024 * 1024;
const PROCESS_CHARS = 16 * 1024 * 1024;

/** Somebody who has logs read: a connection with all that it asks. Askers take turns, so each waits for itself most of all. */
export interface Asker {
  /** It has not taken what it was sent before: nothing more is read for it until it has. */
  readonly full: boolean;
  /** It is not there any more: what it asked for is not wanted. */
  readonly gone: boolean;
  /** Resolves when it has taken what it was sent, or is gone. */
  drained(): Promise<void>;
  /** @throws EventsError OVERLOADED when what was answered to it already is all that it may get with one request */
  admitAnswer(): void;
  /** Counts an answer of so many characters. */
  answered(chars: number): void;
}

/** One that takes everything at once. */
const FREE: Asker = { full: false, gone: false, drained: async () => {}, admitAnswer() {}, answered() {} };

/** An asker of this process's own, which nothing is sent to. */
export function ownAsker(): Asker {
  return { ...FREE };
}

/** Asker of a page in the making: nobody waits in the midst of one, since it would hold up those of others. */
export function unhurried(asker: Asker): Asker {
  return {
    ...ownAsker(),
    get gone() {
      return asker.gone;
    },
  };
}

/** A holder of records that wait for an interval to end, or for the next turn at the log. */
export interface RecordHolder {
  /** Hands out its records early: with those of others they are too much. */
  giveUp(): void;
}

/**
 * Bounds the records that wait to be reduced to the latest, for each connection and for the process. Beyond a bound the
 * holder of the most hands out its records early, and goes on with those that come: nothing is lost.
 */
export class HeldRecords {
  readonly #all: SharedBudget<RecordHolder>;
  readonly #ofAskers = new WeakMap<Asker, SharedBudget<RecordHolder>>();
  /** The connection's budget of each holder. */
  readonly #own = new WeakMap<RecordHolder, SharedBudget<RecordHolder>>();
  readonly #askerChars: number;

  constructor(askerChars: number = ASKER_CHARS, processChars: number = PROCESS_CHARS) {
    this.#askerChars = askerChars;
    this.#all = new SharedBudget(processChars);
  }

  /** Characters that all holders hold. */
  get chars(): number {
    return this.#all.held;
  }

  /** Notes the characters that a holder holds now, for a connection. */
  set(asker: Asker, holder: RecordHolder, chars: number): void {
    const own = this.#ofAskers.get(asker) ?? new SharedBudget<RecordHolder>(this.#askerChars);
    this.#ofAskers.set(asker, own);
    this.#own.set(holder, own);
    own.set(holder, chars);
    this.#all.set(holder, chars);
    for (const budget of [own, this.#all]) {
      for (let largest = budget.tooLarge; largest; largest = budget.tooLarge) {
        this.#own.get(largest)?.set(largest, 0);
        this.#all.set(largest, 0);
        largest.giveUp();
      }
    }
  }
}
