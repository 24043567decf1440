import type { Socket } from 'node:net';
import { sharedNow } from '../harness/clock.ts';
import type { Handshake, Step } from '../peers/peer.ts';
import { FrameReader, type FrameSink } from './frame-reader.ts';
import { openSocket } from './open-socket.ts';
import { clientFrame, inflate, Opcode, upgrade } from './wire.ts';

/** Shorter text frames are a protocol's own: acknowledgements, pings. Events of the bench are longer. */
const EVENT_BYTES = 300;

export interface ConnectionOptions {
  readonly url: string;
  readonly handshake: Handshake;
  /** The subscription's input. */
  readonly input: unknown;
  /** True: keep the text of every event, to be looked at later. */
  readonly keeps: boolean;
  /** True: events come before the subscription stands. Else nothing that comes before is one, whatever its length. */
  readonly catchesUp: boolean;
  /** An event arrived. */
  onEvent(bytes: number): void;
  /** The subscription stands, or failed. */
  onReady(error: Error | null): void;
}

/** One raw WebSocket that subscribes, and then counts. */
export class Connection implements FrameSink {
  /** Event texts, or deflated messages, if they are kept. */
  readonly kept: { text: string[]; deflated: Buffer[] } = { text: [], deflated: [] };
  /** Why the server ended this connection, or null while it lives. */
  ended: Error | null = null;
  /** When the socket was open and asked for its subscription, by the shared clock. */
  openedAt = 0;
  /** The last text that was no event: what to look at when it does not get ready. */
  lastText = '';
  readonly #options: ConnectionOptions;
  readonly #socket: Socket;
  readonly #reader = new FrameReader(this);
  #ready = false;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    const url = new URL(options.handshake.path, options.url);
    const { request, check } = upgrade(url, options.handshake.headers);
    let response: Buffer | null = Buffer.alloc(0);
    const receive = (chunk: Buffer): void => {
      if (response === null) {
        this.#reader.push(chunk);
        return;
      }
      response = Buffer.concat([response, chunk]);
      const end = response.indexOf('\r\n\r\n');
      if (end < 0) return;
      check(response.toString('latin1', 0, end));
      const rest = response.subarray(end + 4);
      response = null;
      this.#open();
      this.#reader.push(rest);
    };
    this.#socket = openSocket(url, receive, (error) => this.#end(error));
    this.#socket.once('connect', () => this.#socket.write(request));
  }

  skips(length: number, compressed: boolean): boolean {
    return !this.#options.keeps && this.#isEvent(length, compressed);
  }

  skipped(bytes: number): void {
    this.#options.onEvent(bytes);
  }

  frame(opcode: number, payload: Buffer, compressed: boolean, bytes: number): void {
    if (opcode === Opcode.PING) this.#write(Opcode.PONG, payload);
    else if (opcode === Opcode.CLOSE) this.#end(closeError(payload));
    else if (opcode === Opcode.TEXT) {
      if (compressed && this.#options.keeps) this.kept.deflated.push(Buffer.from(payload));
      if (this.#isEvent(payload.length, compressed)) {
        if (!compressed) this.kept.text.push(payload.toString());
        this.#options.onEvent(bytes);
      } else {
        const text = compressed ? inflate([payload]) : payload.toString();
        this.lastText = text;
        this.#take(this.#options.handshake.step(text, this.#options.input));
      }
    }
  }

  #isEvent(length: number, compressed: boolean): boolean {
    const events = this.#ready || this.#options.catchesUp;
    return events && (length >= EVENT_BYTES || (compressed && this.#ready));
  }

  #open(): void {
    this.openedAt = sharedNow();
    this.#take(this.#options.handshake.opening(this.#options.input));
  }

  #take({ send, ready }: Step): void {
    if (send !== undefined) this.#write(Opcode.TEXT, Buffer.from(send));
    if (!ready || this.#ready) return;
    this.#ready = true;
    this.#options.onReady(null);
  }

  #write(opcode: number, payload: Buffer): void {
    this.#socket.write(clientFrame(opcode, payload));
  }

  #end(error: Error): void {
    if (this.ended) return;
    this.ended = error;
    this.#socket.destroy();
    if (!this.#ready) this.#options.onReady(error);
  }
}

function closeError(payload: Buffer): Error {
  const code = payload.length >= 2 ? payload.readUInt16BE(0) : 1005;
  return new Error(`the server closed the connection: ${code} ${payload.toString('utf8', 2)}`);
}
