import type { Outlet } from '../core/outlet.ts';

/**
 * Writes one outlet's frames. With one subscription they are written at once: a group has joined all of a turn already.
 * With several, those of one turn leave in one write.
 */
export class FrameWriter {
  readonly #outlet: Outlet;
  readonly #writers: FrameWriters;
  /** Number of subscriptions on this outlet. */
  readers = 0;
  /** Frames that wait for the end of the turn, if any do. */
  #pending: Buffer[] | undefined;
  #pendingBytes = 0;
  /** Subscriptions that wait until the client has taken what it was sent, the first to go on first. */
  readonly #waiting: (() => void)[] = [];
  #isDraining = false;
  #isWaking = false;

  /** @param writers has `flush` called at the end of the turn */
  constructor(outlet: Outlet, writers: FrameWriters) {
    this.#outlet = outlet;
    this.#writers = writers;
  }

  /** Bytes handed over and not taken by the system yet. */
  get unsent(): number {
    return this.#pendingBytes + this.#outlet.unsent;
  }

  /** Returns the bytes that are unsent, these included. */
  write(frames: Buffer): number {
    if (this.readers <= 1 && !this.#pending) return this.#outlet.write(frames);
    if (this.#pending) this.#pending.push(frames);
    else {
      this.#pending = [frames];
      this.#writers.schedule(this);
    }
    this.#pendingBytes += frames.length;
    return this.unsent;
  }

  /** Tells if subscriptions wait until the client has taken what it was sent. */
  get isAwaited(): boolean {
    return this.#isDraining;
  }

  /** Calls back once the client has room again: one after another, since each may fill it for all. */
  whenDrained(goOn: () => void): void {
    this.flush(); // or what is unsent cannot drain
    this.#waiting.push(goOn);
    this.#isDraining = true;
    if (!this.#isWaking) void this.#wake();
  }

  /** Lets those who wait go on, one in each turn of the event loop, while there is room. */
  async #wake(): Promise<void> {
    this.#isWaking = true;
    while (this.#waiting.length > 0) {
      this.#isDraining = true;
      await this.#outlet.drained();
      this.#isDraining = false;
      this.#waiting.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#isWaking = false;
  }

  /** Hands what waits for the end of the turn to the outlet. */
  flush(): void {
    const pending = this.#pending;
    if (!pending) return;
    this.#pending = undefined;
    this.#pendingBytes = 0;
    this.#outlet.write(pending);
  }
}

/** The writers of one server, flushed together right after what filled them. */
export class FrameWriters {
  readonly #writers = new WeakMap<Outlet, FrameWriter>();
  #dirty: FrameWriter[] = [];

  of(outlet: Outlet): FrameWriter {
    let writer = this.#writers.get(outlet);
    if (!writer) {
      writer = new FrameWriter(outlet, this);
      this.#writers.set(outlet, writer);
    }
    return writer;
  }

  /** Has a writer flushed at the end of the turn. */
  schedule(writer: FrameWriter): void {
    // The next tick comes before any further I/O: a single event waits for nothing.
    if (this.#dirty.push(writer) === 1) process.nextTick(() => this.#flush());
  }

  #flush(): void {
    const dirty = this.#dirty;
    this.#dirty = [];
    for (const writer of dirty) writer.flush();
  }
}
