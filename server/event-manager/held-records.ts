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
  /** In which of those a holder counts. */
  readonly #own = new WeakMap<RecordHolder, SharedBudget<RecordHolder>>();
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
