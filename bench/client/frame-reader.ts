/** Callbacks of a reader. */
export interface FrameSink {
  /** Tells if a frame is an event that only needs counting. Its payload is then skipped unread. */
  skips(length: number, compressed: boolean): boolean;
  /** A frame that was skipped has arrived in full; `bytes` with its header. */
  skipped(bytes: number): void;
  /** Any other frame, in full. The payload is only lent. */
  frame(opcode: number, payload: Buffer, compressed: boolean, bytes: number): void;
}

/**
 * Finds the frames in what a WebSocket server sends. It reads headers and steps over payloads: the process that
 * counts must not be slower than the servers it measures.
 */
export class FrameReader {
  readonly #sink: FrameSink;
  /** Bytes of a skipped frame that have not arrived, and its whole length. */
  #missing = 0;
  #skippedBytes = 0;
  /** The start of a frame that could not be judged or handed over yet. */
  #rest: Buffer | null = null;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** Takes bytes as they arrive. The buffer is only lent. */
  push(chunk: Buffer): void {
    const data = this.#rest ? Buffer.concat([this.#rest, chunk]) : chunk;
    this.#rest = null;
    let at = 0;
    if (this.#missing > 0) {
      at = Math.min(this.#missing, data.length);
      this.#missing -= at;
      if (this.#missing > 0) return;
      this.#sink.skipped(this.#skippedBytes);
    }
    while (at < data.length) {
      const next = this.#frame(data, at);
      if (next === null) {
        this.#rest = Buffer.from(data.subarray(at));
        return;
      }
      at = next;
    }
  }

  /** Start of the next frame, or null if this one needs more bytes. */
  #frame(data: Buffer, at: number): number | null {
    const available = data.length - at;
    if (available < 2) return null;
    const first = data.readUInt8(at);
    let length = data.readUInt8(at + 1) & 0x7f;
    const header = length < 126 ? 2 : length === 126 ? 4 : 10;
    if (available < header) return null;
    if (length === 126) length = data.readUInt16BE(at + 2);
    else if (length === 127) length = Number(data.readBigUInt64BE(at + 2));
    const bytes = header + length;
    const compressed = (first & 0x40) !== 0;
    if (this.#sink.skips(length, compressed)) {
      if (available >= bytes) this.#sink.skipped(bytes);
      else {
        this.#missing = bytes - available;
        this.#skippedBytes = bytes;
      }
      return Math.min(at + bytes, data.length);
    }
    if (available < bytes) return null;
    this.#sink.frame(first & 0x0f, data.subarray(at + header, at + bytes), compressed, bytes);
    return at + bytes;
  }
}
