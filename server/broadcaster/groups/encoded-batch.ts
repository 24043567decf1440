import { constants, deflateRawSync } from 'node:zlib';
import type { StreamRecord } from '../../event-manager/stream-record.ts';
import type { EncodeBody } from './body.ts';
import type { FrameStyle } from './frame-style.ts';
import { compressedFrame, textFrames } from './frames.ts';

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

/** Records on their way to many sockets: encoded once, framed once per distinct style. */
export class EncodedBatch {
  readonly #bodies: readonly Buffer[];
  readonly #frames = new Map<FrameStyle, Buffer>();

  constructor(records: readonly StreamRecord[], encode: EncodeBody) {
    this.#bodies = records.map(encode);
  }

  framesFor(style: FrameStyle): Buffer {
    let frames = this.#frames.get(style);
    if (frames === undefined) {
      frames = this.#build(style);
      this.#frames.set(style, frames);
    }
    return frames;
  }

  #build({ prefix, compressFrom }: FrameStyle): Buffer {
    if (compressFrom === Number.POSITIVE_INFINITY) return textFrames(prefix, this.#bodies);
    return Buffer.concat(
      this.#bodies.map((body) =>
        body.length >= compressFrom ? compressedFrame(prefix, deflate(body)) : textFrames(prefix, [body]),
      ),
    );
  }
}
