/** What a page does with one chat: runs that its streams have shown, and whether one goes on. */
export class ChatActivity {
  /** Runs that were shown, or are. */
  readonly #shown = new Set<string>();
  #streams = 0;
  #waiting: (() => void)[] = [];
  /** Number of times that a stream was asked for. */
  asked = 0;

  has(run: string): boolean {
    return this.#shown.has(run);
  }

  show(run: string): void {
    this.#shown.add(run);
    const [oldest = ''] = this.#shown;
    if (this.#shown.size > MAX_SHOWN) this.#shown.delete(oldest);
  }

  /** A stream is asked for, or goes on. @returns its end; only the first call counts */
  begin(): () => void {
    this.asked += 1;
    this.#streams += 1;
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      this.#streams -= 1;
      if (this.#streams === 0) for (const go of this.#waiting.splice(0)) go();
    };
  }

  /** Resolves once no stream is asked for or goes on. */
  async idle(): Promise<void> {
    while (this.#streams > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}

/** Runs of a chat that are remembered as shown. */
const MAX_SHOWN = 1000;
