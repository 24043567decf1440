import { isBefore, type Position, samePosition } from '../../../shared/cursor.ts';
import type { Hub } from '../hubs/hub.ts';
import { ReadSteps, type Reads } from '../reading/steps.ts';

/** One stretch of a feed's reading: until the feed lives on the hub, its reader is full, or it is closed. */
export class Run {
  readonly steps: ReadSteps;
  readonly #hub: Hub;
  readonly #abort = new AbortController();
  #ahead: { after: Position; chunk: ReturnType<Hub['read']> } | null = null;

  /** @param readRecords records read from the log at a time */
  constructor(hub: Hub, reads: Reads, readRecords: number | undefined) {
    this.#hub = hub;
    this.steps = new ReadSteps(reads, this.signal, readRecords);
  }

  /** Aborts when it is ended. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Reads a chunk, and asks for the next one already, if nobody waits: the log looks it up while this one is delivered. */
  async read(position: Position): ReturnType<Hub['read']> {
    const ahead = this.#ahead;
    this.#ahead = null;
    const isNext = ahead !== null && samePosition(ahead.after, position);
    const read = await (isNext ? ahead.chunk : this.#hub.read(position, this.steps));
    const last = read.records.at(-1);
    if (last && isBefore(last, this.#hub.position) && !this.signal.aborted && this.steps.idle) {
      const chunk = this.#hub.read(last, this.steps);
      chunk.catch(() => {}); // whoever takes it sees the error
      this.#ahead = { after: last, chunk };
    }
    return read;
  }

  /** Ends it, and with it what is read ahead. */
  end(): void {
    this.#ahead = null;
    this.#abort.abort();
  }
}
