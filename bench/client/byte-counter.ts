import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { subscribeMessage } from '../peers/trpc.ts';
import { openSocket } from './open-socket.ts';
import { clientFrame, Opcode, upgrade } from './wire.ts';

const DEFLATE = { 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits' };
/** Ms without a byte after which all is taken to have come. */
const QUIET_MS = 300;

/** One raw WebSocket with a subscription, which counts the bytes that it is sent. */
export class ByteCounter implements Disposable {
  /** Bytes since the subscription stood, WebSocket headers included. */
  bytes = 0;
  /** Bytes before that, and ms from the request to that moment. */
  joining = { bytes: 0, ms: 0 };
  readonly #socket: Socket;
  readonly #ready: Promise<void>;

  /** @param deflates whether it takes compressed messages */
  constructor(url: string, input: unknown, deflates = false) {
    const { request, check } = upgrade(new URL('/trpc', url), deflates ? DEFLATE : {});
    let resolve = (): void => {};
    let reject = (_: Error): void => {};
    this.#ready = new Promise((...settle) => {
      [resolve, reject] = settle;
    });
    let isUpgraded = false;
    let isReady = false;
    let begun = 0;
    const receive = (chunk: Buffer): void => {
      if (!isUpgraded) {
        check(chunk.toString('latin1'));
        isUpgraded = true;
        begun = performance.now();
        this.#socket.write(clientFrame(Opcode.TEXT, Buffer.from(subscribeMessage(input))));
      } else if (isReady) this.bytes += chunk.length;
      else {
        this.joining.bytes += chunk.length;
        // It is the last thing that a subscription is sent before what is live, and never compressed, being short.
        if (!chunk.includes('stream_synced')) return;
        isReady = true;
        this.joining.ms = performance.now() - begun;
        resolve();
      }
    };
    this.#socket = openSocket(new URL(url), receive, reject);
    this.#socket.once('connect', () => this.#socket.write(request));
  }

  /** Resolves once the subscription stands. */
  ready(): Promise<void> {
    return this.#ready;
  }

  /** Waits until no more bytes come. */
  async quiet(): Promise<number> {
    for (let before = -1; before !== this.bytes; await delay(QUIET_MS)) before = this.bytes;
    return this.bytes;
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}
