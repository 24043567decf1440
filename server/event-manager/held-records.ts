import { SharedBudget } from '../shared-budget.ts';
import type { Asker } from './asker.ts';

/** Characters of JSON that reductions of one connection may hold, and those of the process. */
const ASKER_CHARS = 1024 * 1024;
const PROCESS_CHARS = 16 * 1024 * 1024;

/** Something that holds records while it waits: for an interval to end, or for its turn at the log. */
export interface RecordHolder {
  /** Together too much is held: it hands out what it has, early. */
  giveUp(): void;
}

/**
 * Bounds what is held of records that are being reduced to the latest: of one connection, and of the process. Beyond it
 * the one that holds the most hands out early what it holds, and goes on with what comes: nothing is lost.
 */
export class HeldRecords {
  readonly #all: SharedBudget<RecordHolder>;
  readonly #ofAskers = new WeakMap<Asker, SharedBudget<RecordHolder>>();
  readonly #askerChars: number;

  constructor(askerChars: number = ASKER_CHARS, processChars: number = PROCESS_CHARS) {
    this.#askerChars = askerChars;
    this.#all = new SharedBudget(processChars);
  }

  /** Characters that all of them hold. */
  get chars(): number {
    return this.#all.held;
  }

  /** Notes what a holder holds now, for a connection. */
  set(asker: Asker, holder: RecordHolder, chars: number): void {
    const own = this.#ofAskers.get(asker) ?? new SharedBudget<RecordHolder>(this.#askerChars);
    this.#ofAskers.set(asker, own);
    for (const budget of [own, this.#all]) budget.set(holder, chars);
    for (const budget of [own, this.#all]) {
      for (let largest = budget.tooLarge; largest; largest = budget.tooLarge) {
        budget.set(largest, 0); // whatever it does now
        largest.giveUp();
      }
    }
  }
}
