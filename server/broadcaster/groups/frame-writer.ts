import type { Connection } from '../connection.ts';

/** Writes one socket's frames: those of one turn of the event loop leave in one write. */
export class FrameWriter {
  readonly #connection: Connection;
  readonly #schedule: (writer: FrameWriter) => void;
  #pending: Buffer[] = [];
  #pendingBytes = 0;

  /** @param schedule has `flush` called at the end of the turn */
  constructor(connection: Connection, schedule: (writer: FrameWriter) => void) {
    this.#connection = connection;
    this.#schedule = schedule;
  }

  write(frames: Buffer): void {
    if (this.#pending.push(frames) === 1) this.#schedule(this);
    this.#pendingBytes += frames.length;
  }

  /** Bytes handed over and not taken by the system yet. */
  get unsentBytes(): number {
    return this.#pendingBytes + this.#connection.socket.writableLength;
  }

  /** Hands everything to the socket; drops it once closing has begun, as nothing may follow a close frame. */
  flush(): void {
    const pending = this.#pending;
    this.#pending = [];
    this.#pendingBytes = 0;
    const { socket, open } = this.#connection;
    const [first] = pending;
    if (!open || first === undefined) return;
    if (pending.length === 1) {
      socket.write(first);
      return;
    }
    socket.cork();
    for (const frames of pending) socket.write(frames);
    socket.uncork();
  }
}

/** The writers of one server, flushed together right after what filled them. */
export class FrameWriters {
  readonly #writers = new WeakMap<Connection, FrameWriter>();
  #dirty: FrameWriter[] = [];

  of(connection: Connection): FrameWriter {
    let writer = this.#writers.get(connection);
    if (!writer) {
      writer = new FrameWriter(connection, (dirty) => this.#schedule(dirty));
      this.#writers.set(connection, writer);
    }
    return writer;
  }

  #schedule(writer: FrameWriter): void {
    // The next tick comes before any further I/O: a single event waits for nothing.
    if (this.#dirty.push(writer) === 1) process.nextTick(() => this.#flush());
  }

  #flush(): void {
    const dirty = this.#dirty;
    this.#dirty = [];
    for (const writer of dirty) writer.flush();
  }
}
