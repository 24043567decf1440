import type { Clock } from '../../shared/timing.ts';

/** A page's dealings with one chat: runs that its streams have shown, and whether one goes on. */
export class ChatActivity {
  readonly #clock: Clock;
  /** Runs that were shown, or are. */
  readonly #shown = new Set<string>();
  #streams = 0;
  #waiting: (() => void)[] = [];
  /** Called when an answer is asked for. */
  readonly #sends = new Set<() => void>();
  /** Number of times that a running answer was asked for. */
  resumed = 0;
  /** Number of times that an answer was asked for. */
  sent = 0;
  #sending = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

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

  /** Number of streams that were asked for. */
  get begun(): number {
    return this.sent + this.resumed;
  }

  /** A stream is asked for, and goes on until what is returned is called. */
  begin(kind: 'send' | 'resume'): () => void {
    const sending = kind === 'send' ? 1 : 0;
    if (sending) this.sent += 1;
    else this.resumed += 1;
    this.#sending += sending;
    this.#streams += 1;
    if (sending) for (const tell of this.#sends) tell();
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      this.#sending -= sending;
      this.#streams -= 1;
      if (this.#streams === 0) for (const go of this.#waiting.splice(0)) go();
    };
  }

  /**
   * Resolves once no stream is asked for or goes on, and the chat had a turn to finish the last one: it tells the end of an
   * answer, and may ask for another by itself, after it has read the end of the stream.
   */
  async idle(): Promise<void> {
    let begun: number;
    do {
      while (this.#streams > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
      ({ begun } = this);
      await new Promise<void>((resolve) => void this.#clock.setTimer(resolve, 0));
    } while (this.begun !== begun);
  }

  /** Resolves with a stream that the chat resumes, or once it asks for an answer: it waits with the resumed one then, for good. */
  async untilSent(resumed: Promise<void>): Promise<void> {
    let tell = (): void => {};
    const sent = new Promise<void>((resolve) => {
      tell = resolve;
    });
    this.#sends.add(tell);
    try {
      await Promise.race([resumed, sent]);
    } finally {
      this.#sends.delete(tell);
    }
  }
}

/** Runs of a chat that are remembered as shown. */
const MAX_SHOWN = 1000;
