/** Counts the turns of the event loop, from when it is made until it is disposed of. */
export class TurnCount implements Disposable {
  /** The number of the turn that runs. */
  now = 0;
  #next = setImmediate(() => this.#count());

  #count(): void {
    this.now++;
    this.#next = setImmediate(() => this.#count());
  }

  [Symbol.dispose](): void {
    clearImmediate(this.#next);
  }
}
