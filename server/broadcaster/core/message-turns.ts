/** Weight of what is done for all clients in one turn of the event loop; a small call weighs one. */
const WEIGHT_PER_TURN = 32;

/** Bytes that weigh as much as one small call. */
const BYTES_PER_WEIGHT = 4 * 1024;

/** Bytes of what is done in one turn; what is larger has one of its own. */
export const TURN_BYTES = WEIGHT_PER_TURN * BYTES_PER_WEIGHT;

/** Weight of a message, or a body, of so many bytes. */
export function weightOf(bytes: number): number {
  return 1 + Math.floor(bytes / BYTES_PER_WEIGHT);
}

/** Somebody who has something to do, in steps. */
export interface Worker {
  /** Weight of the next step. */
  readonly weight: number;
  /** Does the next step; false if there is none after it, or if it cannot be done yet. */
  step(): boolean;
}

/** Turns left to everybody else after one in which much was done: a connection and its request take some turns themselves. */
const MAX_REST = 8;

/**
 * Shares the event loop among clients: each turn so much is done, a step for one client after another, and the rest
 * in the turns after it. So a client with thousands of messages waits for itself, and nobody else waits for it. After
 * a step that weighs more than a turn has, as many turns are left out as it weighs, so that whoever came meanwhile is
 * answered before the next one of its size.
 */
export class MessageTurns {
  #spent = 0;
  #rest = 0;
  #line: Worker[] = [];
  #scheduled = false;

  /** Does the steps of one client: at once as far as the turn allows, the rest in line with those of others. */
  work(worker: Worker): void {
    while (this.#line.length === 0 && this.#mayDo(worker)) {
      if (!this.#do(worker)) return;
    }
    this.#line.push(worker);
    this.#schedule();
  }

  /** Resolves in a turn that has room for so many bytes, in the order of the calls: what is to be done comes right after. */
  turn(bytes: number): Promise<void> {
    return new Promise((resolve) => {
      const step = (): boolean => {
        resolve();
        return false;
      };
      this.work({ weight: weightOf(bytes), step });
    });
  }

  #mayDo({ weight }: Worker): boolean {
    return this.#spent === 0 || this.#spent + weight <= WEIGHT_PER_TURN;
  }

  #do(worker: Worker): boolean {
    this.#spent += worker.weight;
    this.#rest = Math.min(MAX_REST, Math.floor(this.#spent / WEIGHT_PER_TURN));
    this.#schedule();
    return worker.step();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#nextTurn);
  }

  readonly #nextTurn = (): void => {
    this.#scheduled = false;
    if (this.#rest > 0) {
      this.#rest--;
      this.#schedule();
      return;
    }
    this.#spent = 0;
    const line = this.#line;
    this.#line = [];
    const again: Worker[] = [];
    let done = 0;
    for (let worker = line[done]; worker && this.#mayDo(worker); worker = line[++done]) {
      if (this.#do(worker)) again.push(worker);
    }
    this.#line = [...line.slice(done), ...again, ...this.#line];
    if (this.#line.length > 0) this.#schedule();
  };
}
