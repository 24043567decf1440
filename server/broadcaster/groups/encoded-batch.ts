import type { StreamRecord } from '../../event-manager/records/stream-record.ts';
import type { EncodeBody } from './body.ts';
import type { FrameStyle } from './frame-style.ts';

/** Records on their way to many outlets: encoded once, framed once per distinct style. */
export class EncodedBatch {
  readonly #bodies: readonly Buffer[];
  readonly #frames = new Map<FrameStyle, Buffer>();

  constructor(records: readonly StreamRecord[], encode: EncodeBody) {
    this.#bodies = records.map(encode);
  }

  framesFor(style: FrameStyle): Buffer {
    let frames = this.#frames.get(style);
    if (frames === undefined) {
      frames = style.frame(this.#bodies);
      this.#frames.set(style, frames);
    }
    return frames;
  }
}
