import { constants, deflateRawSync } from 'node:zlib';
import type { FrameStyle } from '../../event-manager/hubs/hub.ts';
import type { LiveCall } from '../core/live.ts';

/** Styles no longer used are forgotten beyond so many. */
const MAX_STYLES = 10_000;

/** First byte of an unfragmented text frame, plain and with the bit that says "compressed" (RFC 6455 §5.2, RFC 7692 §6). */
const TEXT = 0x81;
const COMPRESSED_TEXT = 0xc1;

/** Longest prefix a stored block of deflate can hold (RFC 1951 §3.2.4). */
const STORED_MAX = 0xffff;
const STORED_HEADER = 5;

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

/** Spaces and line ends of JSON that somebody else wrote into the log: an event has its message on one line. */
function onOneLine(body: Buffer): Buffer {
  if (!body.includes(0x0a) && !body.includes(0x0d)) return body;
  return Buffer.from(body.map((byte) => (byte === 0x0a || byte === 0x0d ? 0x20 : byte)));
}

/** A style that has the same messages as server-sent events. */
class EventStyle implements FrameStyle {
  readonly #prefix: Buffer;
  readonly #events: FrameStyle;

  constructor(prefix: string, events: FrameStyle) {
    this.#prefix = Buffer.from(`data: ${prefix}`);
    this.#events = events;
  }

  frame(bodies: readonly Buffer[]): Buffer {
    return this.#events.frame(bodies.flatMap((body) => [this.#prefix, onOneLine(body), EVENT_END]));
  }
}

const EVENT_END = Buffer.from('\n\n');

/** The styles of a server's subscribers by their requests' ids. */
export class MessageStyles {
  readonly #compressFrom: number;
  /** By the form of events, of those that are sent as such. */
  readonly #styles = new Map<FrameStyle | undefined, Map<string, FrameStyle>>();

  /** @param compressFrom bytes from which bodies go compressed to clients that take it */
  constructor(compressFrom: number) {
    this.#compressFrom = compressFrom;
  }

  of({ connection, id, jsonrpc }: LiveCall): FrameStyle {
    const prefix = `{"id":${JSON.stringify(id)},${jsonrpc ? `"jsonrpc":"${jsonrpc}",` : ''}`;
    const { compresses, events } = connection.outlet;
    const key = compresses ? `z${prefix}` : prefix;
    const styles = this.#styles.get(events) ?? new Map<string, FrameStyle>();
    this.#styles.set(events, styles);
    let style = styles.get(key);
    if (!style) {
      const compressFrom = compresses ? this.#compressFrom : Number.POSITIVE_INFINITY;
      style = events ? new EventStyle(prefix, events) : new MessageStyle(prefix, compressFrom);
      if (styles.size >= MAX_STYLES) styles.clear();
      styles.set(key, style);
    }
    return style;
  }
}

/**
 * One text frame for each body, each beginning with the same prefix, in one buffer: what one socket gets in one write.
 * Server frames are not masked, so everyone with that prefix gets the same bytes.
 */
export function textFrames(prefix: Buffer, bodies: readonly Buffer[]): Buffer {
  let size = 0;
  for (const body of bodies) size += headerSize(prefix.length + body.length) + prefix.length + body.length;
  const frames = Buffer.allocUnsafe(size);
  let at = 0;
  for (const body of bodies) {
    at = writeHeader(frames, at, TEXT, prefix.length + body.length);
    at += prefix.copy(frames, at);
    at += body.copy(frames, at);
  }
  return frames;
}

/**
 * Frames a body that was deflated once for everyone. Deflate is a sequence of blocks, so the prefix goes before
 * it as a stored block, and no one needs a compressor of their own.
 * @param deflated raw deflate, flushed to a byte boundary, without the trailing 00 00 ff ff (RFC 7692 §7.2.1)
 */
export function compressedFrame(prefix: Buffer, deflated: Buffer): Buffer {
  if (prefix.length > STORED_MAX)
    throw new RangeError('compressedFrame: the prefix does not fit a stored block');
  const length = STORED_HEADER + prefix.length + deflated.length;
  const frame = Buffer.allocUnsafe(headerSize(length) + length);
  let at = writeHeader(frame, 0, COMPRESSED_TEXT, length);
  at = frame.writeUInt8(0, at);
  at = frame.writeUInt16LE(prefix.length, at);
  at = frame.writeUInt16LE(~prefix.length & 0xffff, at);
  at += prefix.copy(frame, at);
  deflated.copy(frame, at);
  return frame;
}

function headerSize(length: number): number {
  if (length < 126) return 2;
  return length < 0x10000 ? 4 : 10;
}

function writeHeader(target: Buffer, at: number, first: number, length: number): number {
  const next = target.writeUInt8(first, at);
  if (length < 126) return target.writeUInt8(length, next);
  if (length < 0x10000) return target.writeUInt16BE(length, target.writeUInt8(126, next));
  return target.writeBigUInt64BE(BigInt(length), target.writeUInt8(127, next));
}
