import { expect } from 'vitest';

type Item = { event_type: string; data: unknown };

/** An item of a subscription in the process. */
type Delivered<T> = readonly [cursor: string, event: T];

/** Reads a subscription in the background; what came is in `items`, their cursors in `cursors`. */
export class Collector<T extends Item> implements Disposable {
  readonly items: T[] = [];
  readonly cursors: string[] = [];
  error: unknown;
  readonly #stop: () => void;
  readonly done: Promise<void>;

  /** @param subscribe makes the subscription with a signal that ends it */
  constructor(subscribe: (signal: AbortSignal) => AsyncIterable<Delivered<T>>) {
    const abort = new AbortController();
    this.#stop = () => abort.abort();
    this.done = this.#read(subscribe(abort.signal)).catch((error: unknown) => {
      this.error = error;
    });
  }

  /** Messages of the `agent_message`s among the items. */
  get messages(): string[] {
    return this.items.flatMap(({ event_type, data }) =>
      event_type === 'agent_message' ? [(data as { message: string }).message] : [],
    );
  }

  ofType(event_type: string): T[] {
    return this.items.filter((item) => item.event_type === event_type);
  }

  /** Waits until so many items, the stream's own included, have come. */
  async count(count: number): Promise<readonly T[]> {
    await expect.poll(() => this.items.length).toBeGreaterThanOrEqual(count);
    return this.items;
  }

  [Symbol.dispose](): void {
    this.#stop();
  }

  async #read(items: AsyncIterable<Delivered<T>>): Promise<void> {
    for await (const [cursor, event] of items) {
      this.cursors.push(cursor);
      this.items.push(event);
    }
  }
}
