import { SharedBudget } from '../../memory/shared-budget.ts';
import type { Asker } from './asker.ts';

/** Characters of JSON that reductions of one connection may hold, and those of the process. */
const ASKER_CHARS = 1024 * 1024;
const PROCESS_CHARS = 16 * 1024 * 1024;

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
