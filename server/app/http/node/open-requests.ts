import { once } from 'node:events';
import type { ServerResponse } from 'node:http';

/** Requests under way: calls, which end by themselves, and streams, which are subscriptions over HTTP and do not. */
export class OpenRequests {
  readonly #open = new Set<ServerResponse>();
  readonly #streams = new Set<() => void>();

  /** Keeps a request until its answer is given or its client gone. */
  add(answer: ServerResponse): void {
    this.#open.add(answer);
    answer.once('close', () => this.#open.delete(answer));
  }

  /** Keeps a request as a stream, too. */
  addStream(answer: ServerResponse): void {
    const cut = (): void => void answer.destroy();
    this.#streams.add(cut);
    answer.once('close', () => this.#streams.delete(cut));
  }

  /** Functions that cut each stream. Cut, not told that it ended, a client connects again and resumes. */
  get streamCuts(): readonly (() => void)[] {
    return [...this.#streams];
  }

  /** Resolves when nothing is under way that is now. */
  async ended(): Promise<void> {
    await Promise.all([...this.#open].map((answer) => once(answer, 'close')));
  }
}
