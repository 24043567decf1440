import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FrameStyle } from '../../event-manager/hubs/hub.ts';
import { type Outlet, writeTo } from '../core/outlet.ts';
import { Backlog } from '../socket/backlog.ts';

const LINE_END = Buffer.from('\r\n');

/** Events in one chunk of HTTP/1.1, its length before it. */
const chunked: FrameStyle = {
  frame(bodies) {
    const size = bodies.reduce((sum, { length }) => sum + length, 0);
    return Buffer.concat([Buffer.from(`${size.toString(16)}\r\n`), ...bodies, LINE_END]);
  },
};

/** Events as they are, for HTTP/1.0: the answer ends with its connection. */
const plain: FrameStyle = { frame: (bodies) => Buffer.concat(bodies) };

/** A server-sent event that is none of the subscription's items, as tRPC writes it. */
export function namedEvent(name: 'connected' | 'ping' | 'serialized-error' | 'close', data = ''): Buffer {
  return Buffer.from(`event: ${name}\ndata: ${data}\n\n\n`);
}

const PING = namedEvent('ping');

/** Headers by name, as Node takes them one by one. */
export type HeaderValues = Readonly<Record<string, number | string | string[] | undefined>>;

/** The head of an answer. */
export interface Head {
  readonly status: number;
  readonly headers: HeaderValues;
}

export interface StreamOutletOptions {
  /** Names the client in the log. */
  name: string;
  /** Ms without an event after which a ping is sent; undefined: none is. */
  pingMs: number | undefined;
  /** Called when the stream is to be hung up on: whoever made it tells the client, and ends it. */
  onClose: (code: number, reason: string) => void;
}

/**
 * The answer to one request as an {@link Outlet}: the head goes through Node's `ServerResponse`, and what follows past it,
 * straight to the socket, since its chunks are framed once for everybody.
 */
export class StreamOutlet implements Outlet {
  readonly compresses = false;
  readonly name: string;
  readonly #response: ServerResponse;
  readonly #socket: Socket;
  readonly #options: StreamOutletOptions;
  readonly #backlog: Backlog;
  readonly #closed = new AbortController();
  #style: FrameStyle = chunked;
  #ping: NodeJS.Timeout | undefined;

  /** @param socket the response's: it is this answer's turn on the connection */
  constructor(response: ServerResponse, socket: Socket, options: StreamOutletOptions) {
    this.name = options.name;
    this.#response = response;
    this.#socket = socket;
    this.#options = options;
    // Nothing waits but in the socket.
    const client = { socket, unsent: 0, closed: this.#closed.signal };
    this.#backlog = new Backlog(client, Number.POSITIVE_INFINITY);
    response.once('close', () => this.#stop());
  }

  /** Sends the head of the answer, and tRPC's first event. */
  begin({ status, headers }: Head, connected: string): void {
    for (const [name, value] of Object.entries(headers)) {
      if (value !== undefined) this.#response.setHeader(name, value);
    }
    this.#response.statusCode = status;
    this.#response.flushHeaders();
    this.#style = this.#response.chunkedEncoding ? chunked : plain;
    this.tell(namedEvent('connected', connected));
    const { pingMs } = this.#options;
    if (pingMs !== undefined) this.#ping = setInterval(() => this.#sendPing(), pingMs).unref();
  }

  /** The form of its events: it is known once the head is sent. */
  get events(): FrameStyle {
    return this.#style;
  }

  get unsent(): number {
    return this.#socket.writableLength;
  }

  write(frames: Buffer | readonly Buffer[]): number {
    if (!this.#isOpen) return this.unsent;
    writeTo(this.#socket, frames);
    this.#ping?.refresh();
    return this.unsent;
  }

  drained(): Promise<void> {
    return this.#backlog.drained();
  }

  close(code: number, reason: string): void {
    this.#options.onClose(code, reason);
  }

  /** Writes one event that nobody else gets. */
  tell(event: Buffer): void {
    this.write(this.#style.frame([event]));
  }

  /** Ends the answer; what was written before it is still delivered. */
  end(): void {
    this.#stop();
    this.#response.end();
  }

  get #isOpen(): boolean {
    return !this.#closed.signal.aborted && !this.#response.writableEnded;
  }

  /** A client that has not taken what it was sent learns nothing from a ping. */
  #sendPing(): void {
    if (this.unsent === 0) this.tell(PING);
  }

  #stop(): void {
    clearInterval(this.#ping);
    this.#closed.abort();
  }
}
