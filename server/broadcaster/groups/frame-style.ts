import type { LiveCall } from '../live.ts';

/** How one subscriber's frames differ from another's. Equal styles are one object, and get equal bytes. */
export interface FrameStyle {
  /** What its messages begin with: `{"id":1,`. */
  readonly prefix: Buffer;
  /** Bodies of at least this many bytes go compressed; Infinity: none. */
  readonly compressFrom: number;
}

/** Styles no longer used are forgotten beyond so many. */
const MAX_STYLES = 10_000;

/** The styles of a server's subscribers. */
export class FrameStyles {
  readonly #compressFrom: number;
  readonly #styles = new Map<string, FrameStyle>();

  /** @param compressFrom bytes from which bodies go compressed to clients that take it */
  constructor(compressFrom: number) {
    this.#compressFrom = compressFrom;
  }

  of({ connection, id, jsonrpc }: LiveCall): FrameStyle {
    const prefix = `{"id":${JSON.stringify(id)},${jsonrpc ? `"jsonrpc":"${jsonrpc}",` : ''}`;
    const compresses = connection.ws.extensions.includes('permessage-deflate');
    const key = compresses ? `z${prefix}` : prefix;
    let style = this.#styles.get(key);
    if (!style) {
      style = {
        prefix: Buffer.from(prefix),
        compressFrom: compresses ? this.#compressFrom : Number.POSITIVE_INFINITY,
      };
      if (this.#styles.size >= MAX_STYLES) this.#styles.clear();
      this.#styles.set(key, style);
    }
    return style;
  }
}
