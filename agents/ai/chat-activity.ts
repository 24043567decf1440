/** What a page does with one chat: runs that its streams have shown, and whether one goes on. */
export class ChatActivity {
  /** Runs that were shown, or are. */
  readonly #shown = new Set<string>();
  #streams = 0;
  #waiting: (() => void)[] = [];
  /** Number of times that a running answer was asked for. */
  resumed = 0;
  /** Number of times that an answer was asked for. */
  sent = 0;
  #sending = 0;

  has(run: string): boolean {
    return this.#shown.has(run);
  }

  show(run: string): void {
    this.#shown.add(run);
    const [oldest = ''] = this.#shown;
    if (this.#shown.size > MAX_SHOWN) this.#shown.delete(oldest);
  }

  /** True while an answer that this page has asked for is shown. */
  get isSending(): boolean {
    return this.#sending > 0;
  }

  /** A stream is asked for, and goes on until what is returned is called. */
  begin(kind: 'send' | 'resume'): () => void {
    const sending = kind === 'send' ? 1 : 0;
    if (sending) this.sent += 1;
    else this.resumed += 1;
    this.#sending += sending;
    this.#streams += 1;
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      this.#sending -= sending;
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
