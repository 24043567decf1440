/** A terminal, or what stands for one. */
export interface ProgressStream {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

/** Ms of work before a line of progress is shown. */
const FIRST_MS = 1000;
const REDRAW_MS = 200;
const ERASE = '\r\x1b[K';

let shown: Progress | undefined;

/** Takes the line of progress off the terminal until it is next drawn, so that other lines can be written. */
export function hideProgress(): void {
  shown?.hide();
}

/**
 * A line on the terminal for a command that takes more than a second: how many events are done, how many a second, how
 * long it will take. It goes to stderr, and nothing of it where that is a file or a pipe.
 */
export class Progress implements Disposable {
  readonly #stream: ProgressStream;
  readonly #share: () => number | undefined;
  readonly #startedAt = performance.now();
  readonly #timers: NodeJS.Timeout[] = [];
  #done = 0;
  #lastShare = 0;
  /** Ms that the whole will take, as far as it could be told when the share last grew. */
  #wholeMs = 0;
  #isDrawn = false;
  #wasDrawn = false;

  /** @param share of the whole, from 0 to 1, that is done; undefined where that is not known */
  constructor(share: () => number | undefined, stream: ProgressStream = process.stderr) {
    this.#stream = stream;
    this.#share = share;
    if (!stream.isTTY) return;
    shown = this;
    const begin = (): void => {
      this.#draw();
      this.#timers.push(setInterval(() => this.#draw(), REDRAW_MS).unref());
    };
    this.#timers.push(setTimeout(begin, FIRST_MS).unref());
  }

  /** More events are done. */
  add(count: number): void {
    this.#done += count;
  }

  hide(): void {
    if (this.#isDrawn) this.#stream.write(ERASE);
    this.#isDrawn = false;
  }

  /** Ends it; the sum stays, if there was a line. */
  [Symbol.dispose](): void {
    for (const timer of this.#timers) clearTimeout(timer);
    if (shown === this) shown = undefined;
    this.hide();
    if (!this.#wasDrawn) return;
    const ms = performance.now() - this.#startedAt;
    this.#stream.write(`${this.#sum(ms)} in ${duration(ms)}\n`);
  }

  #draw(): void {
    const ms = performance.now() - this.#startedAt;
    const share = Math.min(1, this.#share() ?? 0);
    const parts = [this.#sum(ms)];
    if (share > 0) {
      if (share !== this.#lastShare) this.#wholeMs = ms / share;
      this.#lastShare = share;
      parts.push(`${Math.floor(share * 100)} %`, `${duration(Math.max(0, this.#wholeMs - ms))} left`);
    }
    this.#stream.write(`${ERASE}${parts.join(', ').slice(0, (this.#stream.columns || 80) - 1)}`);
    this.#isDrawn = true;
    this.#wasDrawn = true;
  }

  #sum(ms: number): string {
    return `${this.#done} events, ${Math.round((this.#done * 1000) / ms)}/s`;
  }
}

/** `1 h 2 min`, `3 min 4 s`, `5 s` */
export function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  if (minutes === 0) return `${seconds} s`;
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
