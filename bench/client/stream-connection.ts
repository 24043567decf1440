import type { Socket } from 'node:net';
import { sharedNow } from '../harness/clock.ts';
import type { ConnectionOptions } from './connection.ts';
import { openSocket } from './open-socket.ts';

/** Each event of the bench has an id; nothing else that is sent begins a line like that. */
const ID = Buffer.from('\nid: ');
/** Shorter events are a protocol's own. */
const EVENT_BYTES = 250;

/** One stream of server-sent events that subscribes, and then counts: chunks are stepped over, not taken apart. */
export class StreamConnection {
  /** Event texts, if they are kept. */
  readonly kept: { text: string[]; deflated: Buffer[] } = { text: [], deflated: [] };
  /** Why the server ended this connection, or null while it lives. */
  ended: Error | null = null;
  /** When the socket was open and asked for its subscription, by the shared clock. */
  openedAt = 0;
  /** The text so far, until it is ready: what to look at when it does not get so. */
  lastText = '';
  readonly #options: ConnectionOptions;
  readonly #socket: Socket;
  /** The end of what came, in case an id begins in it. */
  #rest = Buffer.alloc(0);
  #bytes = 0;
  #text = '';
  #ready = false;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    const { handshake, input } = options;
    const url = new URL(handshake.path, options.url);
    if (input !== undefined) url.searchParams.set('input', JSON.stringify(input));
    this.#socket = openSocket(
      url,
      (chunk) => this.#receive(chunk),
      (error) => this.#end(error),
    );
    this.#socket.once('connect', () => {
      this.openedAt = sharedNow();
      this.#socket.write(`GET ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\n\r\n`);
    });
  }

  #receive(chunk: Buffer): void {
    if (!this.#ready) this.#lookWhetherReady(chunk);
    if (this.#options.keeps) this.#text += chunk.toString('latin1');
    const data = Buffer.concat([this.#rest, chunk]);
    let from = 0;
    for (let at = data.indexOf(ID); at >= 0; at = data.indexOf(ID, from)) {
      const next = at + ID.length;
      this.#count(this.#bytes + next - from);
      this.#bytes = 0;
      from = next;
    }
    const keptFrom = Math.max(from, data.length - ID.length + 1);
    this.#bytes += keptFrom - from;
    this.#rest = Buffer.from(data.subarray(keptFrom));
  }

  #count(bytes: number): void {
    if (this.#options.keeps) {
      const data = /data: (.{250,})\n/.exec(this.#text)?.[1];
      if (data !== undefined) this.kept.text.push(data);
      this.#text = this.#text.slice(this.#text.indexOf(ID.toString()) + ID.length);
    }
    if (this.#ready && bytes >= EVENT_BYTES) this.#options.onEvent(bytes);
  }

  #lookWhetherReady(chunk: Buffer): void {
    this.lastText += chunk.toString('latin1');
    if (!this.#options.handshake.step(this.lastText, this.#options.input).ready) return;
    this.#ready = true;
    this.lastText = '';
    this.#options.onReady(null);
  }

  #end(error: Error): void {
    if (this.ended) return;
    this.ended = error;
    this.#socket.destroy();
    if (!this.#ready) this.#options.onReady(error);
  }
}
