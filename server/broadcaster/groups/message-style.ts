import { constants, deflateRawSync } from 'node:zlib';
import type { LiveCall } from '../core/live.ts';
import type { FrameStyle } from './frame-style.ts';
import { compressedFrame, textFrames } from './frames.ts';

/** Styles no longer used are forgotten beyond so many. */
const MAX_STYLES = 10_000;

const deflated = new WeakMap<Buffer, Buffer>();

/** A body as raw deflate, made once whoever asks. */
function deflate(body: Buffer): Buffer {
  let result = deflated.get(body);
  if (result === undefined) {
    const flushed = deflateRawSync(body, { finishFlush: constants.Z_SYNC_FLUSH, memLevel: 8, level: 6 });
    result = flushed.subarray(0, -4);
    deflated.set(body, result);
  }
  return result;
}

/** Messages of a WebSocket, which begin with the id of the request that subscribed. */
class MessageStyle implements FrameStyle {
  readonly #prefix: Buffer;
  readonly #compressFrom: number;

  /**
   * @param prefix begins each message: `{"id":1,`
   * @param compressFrom bytes of a body that goes compressed; Infinity: none does
   */
  constructor(prefix: string, compressFrom: number) {
    this.#prefix = Buffer.from(prefix);
    this.#compressFrom = compressFrom;
  }

  frame(bodies: readonly Buffer[]): Buffer {
    if (this.#compressFrom === Number.POSITIVE_INFINITY) return textFrames(this.#prefix, bodies);
    return Buffer.concat(
      bodies.map((body) =>
        body.length >= this.#compressFrom
          ? compressedFrame(this.#prefix, deflate(body))
          : textFrames(this.#prefix, [body]),
      ),
    );
  }
}

/** The styles of a server's subscribers over WebSockets. */
export class MessageStyles {
  readonly #compressFrom: number;
  readonly #styles = new Map<string, MessageStyle>();

  /** @param compressFrom bytes from which bodies go compressed to clients that take it */
  constructor(compressFrom: number) {
    this.#compressFrom = compressFrom;
  }

  of({ connection, id, jsonrpc }: LiveCall): FrameStyle {
    const prefix = `{"id":${JSON.stringify(id)},${jsonrpc ? `"jsonrpc":"${jsonrpc}",` : ''}`;
    const { compresses } = connection.outlet;
    const key = compresses ? `z${prefix}` : prefix;
    let style = this.#styles.get(key);
    if (!style) {
      style = new MessageStyle(prefix, compresses ? this.#compressFrom : Number.POSITIVE_INFINITY);
      if (this.#styles.size >= MAX_STYLES) this.#styles.clear();
      this.#styles.set(key, style);
    }
    return style;
  }
}
