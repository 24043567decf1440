import { addressKey, isThisMachine } from './client-address.ts';
import { DEFAULT_MAX_CONNECTIONS } from './limits-config.ts';

/** Counts the connections of each address, and refuses those above the maximum. */
export class ConnectionLimit {
  readonly #max: number;
  readonly #sparesThisMachine: boolean;
  readonly #open = new Map<string, number>();

  /**
   * @param max 0: no limit; null: 1000, and no limit for this machine
   * @param extra added to `max`
   */
  constructor(max: number | null, extra = 0) {
    this.#max = ((max ?? DEFAULT_MAX_CONNECTIONS) || Number.POSITIVE_INFINITY) + extra;
    this.#sparesThisMachine = max === null;
  }

  /** Admits one more connection. @returns a function to call when it is gone, which may be called again; undefined if it is refused */
  admit(address: string): (() => void) | undefined {
    if (this.#sparesThisMachine && isThisMachine(address)) return () => {};
    const key = addressKey(address);
    const open = this.#open.get(key) ?? 0;
    if (open >= this.#max) return undefined;
    this.#open.set(key, open + 1);
    let gone = false;
    return () => {
      if (gone) return;
      gone = true;
      const left = (this.#open.get(key) ?? 1) - 1;
      if (left > 0) this.#open.set(key, left);
      else this.#open.delete(key);
    };
  }

  /** Number of addresses that have a connection. */
  get addresses(): number {
    return this.#open.size;
  }
}
