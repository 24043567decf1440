import { isBefore, type Position, samePosition } from '../../../shared/cursor.ts';
import type { Hub } from '../hubs/hub.ts';
import { patiently, ReadSteps, type Reads } from '../reading/steps.ts';
import type { Conflation } from '../records/conflation.ts';
import type { Selector } from '../records/selector.ts';

/** One stretch of a feed's reading: until the feed lives on the hub, its reader is full, or it is closed. */
export class Run {
  readonly steps: ReadSteps;
  readonly #hub: Hub;
  readonly #abort = new AbortController();
  /** A chunk is waited for: another is asked for when its end is known. */
  #waits = false;
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

  /**
   * Reads a chunk, and asks for the next one as soon as its end is known, if nobody waits: the log looks it up while
   * this one is checked and delivered. One chunk at most is ahead of those that were taken.
   */
  async read(position: Position): ReturnType<Hub['read']> {
    const ahead = this.#ahead;
    this.#ahead = null;
    this.#waits = true;
    try {
      const isNext = ahead !== null && samePosition(ahead.after, position);
      const read = await (isNext ? ahead.chunk : this.#ask(position));
      const last = read.records.at(-1);
      if (last) this.#askAhead(last);
      return read;
    } finally {
      this.#waits = false;
    }
  }

  /**
   * Reduces what lies between the end of a conflation and the place where the hub stands, until it is large or the run over.
   * @returns true if it came to where the hub stands, or the tail is behind: then catching up waits for it
   */
  async reduce(conflation: Conflation, selector: Selector): Promise<boolean> {
    const hub = this.#hub;
    while (!samePosition(conflation.end, hub.position)) {
      if (conflation.isLarge || this.steps.crowded || this.signal.aborted) return false;
      const before = conflation.end;
      const chunk = await patiently(() => hub.read(before, this.steps), this.signal);
      if (chunk.gap) conflation.gap(chunk.gap);
      for (const record of this.steps.within(chunk)) {
        if (isBefore(hub.position, record) || conflation.isLarge) break;
        conflation.add(record, selector.matches(record));
      }
      this.steps.hold(conflation.chars);
      if (samePosition(conflation.end, before)) break;
    }
    return true;
  }

  #ask(after: Position): ReturnType<Hub['read']> {
    return this.#hub.read(after, this.steps, (last) => this.#askAhead(last));
  }

  #askAhead({ epoch, seq }: Position): void {
    const after = { epoch, seq };
    if (
      !this.#waits ||
      this.#ahead !== null ||
      this.signal.aborted ||
      !this.steps.idle ||
      !isBefore(after, this.#hub.position)
    )
      return;
    const chunk = this.#ask(after);
    chunk.catch(() => {}); // whoever takes it sees the error
    this.#ahead = { after, chunk };
  }

  /** Ends it, and with it what is read ahead. */
  end(): void {
    this.#ahead = null;
    this.#abort.abort();
  }
}
