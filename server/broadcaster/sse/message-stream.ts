import { isUtf8 } from 'node:buffer';
import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
import type { ClientSocket } from '../core/client-socket.ts';
import { type Head, namedEvent, StreamOutlet } from './stream-outlet.ts';

/** Close codes that are told of an end without a code: the server's own, and that of a client that is gone. */
const NO_CODE = 1005;
const NO_CLOSE = 1006;
/** RFC 6455: text that is not UTF-8. */
const NOT_TEXT = 1007;
const LINE_END = 0x0a;

/**
 * One request over HTTP in the place of a WebSocket: the lines of its body are the client's messages, all of them, and the
 * answer is a stream of server-sent events, one for each message of the server. Its end is the event `close`, with the
 * code that a WebSocket would be closed with.
 */
export class MessageStream extends EventEmitter implements ClientSocket {
  readonly extensions = '';
  isPaused = false;
  readyState: number = WebSocket.OPEN;
  readonly #response: ServerResponse;
  readonly #socket: Socket;
  #outlet: StreamOutlet | undefined;
  /** Text that the client has sent, and that was not handed on yet. */
  #rest: Buffer | undefined;
  #isEnd = false;
  #code = NO_CLOSE;

  /** @param socket the response's: it is this answer's turn on the connection */
  constructor(response: ServerResponse, socket: Socket) {
    super();
    this.#response = response;
    this.#socket = socket;
    response.once('close', () => {
      this.readyState = WebSocket.CLOSED;
      this.emit('close', this.#code);
    });
  }

  /** Answers with a head, and keeps the stream from being idle. @param onClose hangs up on a client that reads too slowly */
  begin(
    head: Head,
    options: { name: string; pingMs: number; onClose: (code: number, reason: string) => void },
  ): StreamOutlet {
    this.#outlet = new StreamOutlet(this.#response, this.#socket, options);
    this.#outlet.begin(head, '{}');
    return this.#outlet;
  }

  /**
   * Hands on what the client has sent: a message after another, none while it is paused, as a WebSocket does. A body may have
   * half a million of them, each of which takes a hundred times its bytes while it waits.
   * @param body messages, each on a line of its own @param isEnd true if the client leaves when it is answered
   */
  receive(body: Buffer, isEnd: boolean): void {
    if (isUtf8(body)) {
      this.#rest = body;
      this.#isEnd = isEnd;
      this.#handOn();
    } else this.close(NOT_TEXT, 'the body is not UTF-8');
  }

  get bufferedAmount(): number {
    return this.#socket.writableLength;
  }

  send(data: string | Uint8Array, sent?: () => void): void {
    const outlet = this.#outlet;
    if (!outlet) return;
    outlet.tell(Buffer.from(`data: ${typeof data === 'string' ? data : Buffer.from(data).toString()}\n\n`));
    if (sent) void outlet.drained().then(sent);
  }

  close(code = NO_CODE, reason = ''): void {
    if (this.readyState !== WebSocket.OPEN) return;
    this.readyState = WebSocket.CLOSING;
    this.#code = code;
    this.#outlet?.tell(namedEvent('close', JSON.stringify({ code, reason })));
    this.#outlet?.end();
  }

  terminate(): void {
    this.#socket.destroy();
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
    this.#handOn();
  }

  #handOn(): void {
    while (!this.isPaused && this.readyState === WebSocket.OPEN) {
      const rest = this.#rest;
      if (!rest) return;
      const at = rest.indexOf(LINE_END);
      this.#rest = at < 0 ? undefined : rest.subarray(at + 1);
      const line = at < 0 ? rest : rest.subarray(0, at);
      if (line.length > 0) this.emit('message', line, false);
      if (!this.#rest && this.#isEnd) this.emit('end');
    }
  }
}
