/** Calls of all clients that run at a time before each client has its part only. Each is some 10 KB of closures and promises. */
const MANY_RUNNING = 1_000;
/** Calls of one client that run at a time then, and no fewer: whatever others do, nobody waits for them alone. */
const PART = 8;

/** Number of queries and mutations that run, of all clients of a handler. */
export class RunningCalls {
  #count = 0;

  /** Tells if a client of which `own` run may have another one run. */
  haveRoom(own: number): boolean {
    return this.#count < MANY_RUNNING || own < PART;
  }

  began(): void {
    this.#count += 1;
  }

  ended(): void {
    this.#count -= 1;
  }
}
