/** Characters of one request of several calls: with the params before them, less than a server takes. */
const MOST_CHARS = 256 * 1024;

/** Calls that wait to be sent, in a bounded number of requests at a time: each takes what waits by then. */
export class CallQueue {
  readonly #mostRequests: number;
  readonly #request: (lines: string[]) => Promise<void>;
  readonly #lines: string[] = [];
  #inFlight = 0;

  /**
   * @param mostRequests in flight; one at a time keeps the calls in order
   * @param request sends calls, each on a line, and resolves when they were answered, or failed
   */
  constructor(mostRequests: number, request: (lines: string[]) => Promise<void>) {
    this.#mostRequests = mostRequests;
    this.#request = request;
  }

  add(call: object): void {
    this.#lines.push(JSON.stringify(call));
  }

  send(): void {
    while (this.#lines.length > 0 && this.#inFlight < this.#mostRequests) {
      this.#inFlight++;
      void this.#request(this.#next()).then(() => {
        this.#inFlight--;
        this.send();
      });
    }
  }

  /** Takes as many lines as one request may have: one that is larger goes alone. */
  #next(): string[] {
    let [count, chars] = [0, 0];
    for (const { length } of this.#lines) {
      chars += length;
      if (count > 0 && chars > MOST_CHARS) break;
      count++;
    }
    return this.#lines.splice(0, count);
  }
}
