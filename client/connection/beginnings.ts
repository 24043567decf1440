/**
 * Subscriptions that were asked for and have no position yet. A server takes up what one socket asks for side by side:
 * were a publish sent behind such a subscription, its event might be stored before the subscription begins.
 */
export class Beginnings {
  readonly #pending = new Set<Promise<void>>();
  /** The last publish that waits: a later one goes after it, so that publishes keep their order. */
  #last: Promise<unknown> | null = null;

  /** @param begun resolves when the subscription has a position, or will have none */
  add(begun: Promise<void>): void {
    this.#pending.add(begun);
    void begun.then(() => this.#pending.delete(begun));
  }

  /** Resolves when those asked for until now have begun; null when nobody has to wait. */
  hold(): Promise<unknown> | null {
    if (this.#pending.size === 0 && !this.#last) return null;
    const held = Promise.all([...this.#pending, this.#last]);
    this.#last = held;
    void held.then(() => {
      if (this.#last === held) this.#last = null;
    });
    return held;
  }
}
