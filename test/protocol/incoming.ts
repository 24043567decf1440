/** Ms within which the server has said what comes next, on a busy machine too. */
const PATIENCE_MS = 15_000;

/** Messages of a server on one socket or stream, taken one by one. */
export class Incoming {
  readonly #waiting: string[] = [];
  #wake: () => void = () => {};
  #end: string | null = null;

  add(text: string): void {
    this.#waiting.push(text);
    this.#wake();
  }

  /** @param how the words for it, as `4401 the token expired` */
  end(how: string): void {
    this.#end ??= how;
    this.#wake();
  }

  /** The next one. @throws when it ended, or nothing came in time */
  async next(): Promise<string> {
    await this.#until(() => this.#waiting.length > 0 || this.#end !== null);
    const text = this.#waiting.shift();
    if (text === undefined) throw new Error(`Nothing more came: ${this.#end}`);
    return text;
  }

  /** Its end; messages before it that were not taken are passed over. */
  async ended(): Promise<string> {
    await this.#until(() => this.#end !== null);
    this.#waiting.length = 0;
    return this.#end ?? '';
  }

  /** Messages that no step named. */
  get left(): readonly string[] {
    return this.#waiting;
  }

  async #until(holds: () => boolean): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    while (!holds()) {
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) throw new Error('The server said nothing');
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        timer = setTimeout(resolve, leftMs);
      });
      clearTimeout(timer);
    }
  }
}
