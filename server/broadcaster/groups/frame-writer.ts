import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
import type { LiveConnection } from '../live.ts';

const { OPEN } = WebSocket;

/**
 * Writes one socket's frames. With one live subscription they are written at once: a group has joined all of a turn
 * already. With several, those of one turn leave in one write.
 */
export class FrameWriter {
  readonly #ws: WebSocket;
  readonly #socket: Socket;
  readonly #schedule: (writer: FrameWriter) => void;
  #live = 0;
  #pending: Buffer[] = [];
  #pendingBytes = 0;

  /** @param schedule has `flush` called at the end of the turn */
  constructor({ ws, socket }: LiveConnection, schedule: (writer: FrameWriter) => void) {
    this.#ws = ws;
    this.#socket = socket;
    this.#schedule = schedule;
  }

  /** One more subscription is live on this socket. Returns what to call when it no longer is. */
  addLive(): () => void {
    this.#live++;
    return () => {
      this.#live--;
    };
  }

  /** Bytes handed over and not taken by the system yet. */
  get unsent(): number {
    return this.#pendingBytes + this.#socket.writableLength;
  }

  /** Returns the bytes that are unsent, these included. */
  write(frames: Buffer): number {
    if (this.#live <= 1 && this.#pending.length === 0) {
      // Nothing may follow a close frame.
      if (this.#ws.readyState === OPEN) this.#socket.write(frames);
    } else {
      if (this.#pending.push(frames) === 1) this.#schedule(this);
      this.#pendingBytes += frames.length;
    }
    return this.unsent;
  }

  /** Hands what waits for the end of the turn to the socket. */
  flush(): void {
    const pending = this.#pending;
    if (pending.length === 0) return;
    this.#pending = [];
    this.#pendingBytes = 0;
    if (this.#ws.readyState !== OPEN) return;
    this.#socket.cork();
    for (const frames of pending) this.#socket.write(frames);
    this.#socket.uncork();
  }
}

/** The writers of one server, flushed together right after what filled them. */
export class FrameWriters {
  readonly #writers = new WeakMap<LiveConnection, FrameWriter>();
  #dirty: FrameWriter[] = [];

  of(connection: LiveConnection): FrameWriter {
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
