import type { Socket } from 'node:net';
import type { Connection } from '../connection.ts';

/** Writes one socket's frames: those of one turn of the event loop leave in one write. */
export class FrameWriter {
  readonly #connection: Connection;
  readonly #socket: Socket;
  readonly #schedule: (writer: FrameWriter) => void;
  /** Nearly always all there is in a turn, so there is no array for it. */
  #first: Buffer | null = null;
  #more: Buffer[] = [];
  #pendingBytes = 0;

  /** @param schedule has `flush` called at the end of the turn */
  constructor(connection: Connection, schedule: (writer: FrameWriter) => void) {
    this.#connection = connection;
    this.#socket = connection.socket;
    this.#schedule = schedule;
  }

  write(frames: Buffer): void {
    if (this.#first === null) {
      this.#first = frames;
      this.#schedule(this);
    } else {
      this.#more.push(frames);
    }
    this.#pendingBytes += frames.length;
  }

  /** Bytes handed over and not taken by the system yet. */
  get unsentBytes(): number {
    return this.#pendingBytes + this.#socket.writableLength;
  }

  /** Hands everything to the socket; drops it once closing has begun, as nothing may follow a close frame. */
  flush(): void {
    const first = this.#first;
    const more = this.#more;
    this.#first = null;
    this.#pendingBytes = 0;
    if (first === null) return;
    if (more.length > 0) this.#more = [];
    if (!this.#connection.open) return;
    const socket = this.#socket;
    if (more.length === 0) {
      socket.write(first);
      return;
    }
    socket.cork();
    socket.write(first);
    for (const frames of more) socket.write(frames);
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
