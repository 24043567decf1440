import { createReadStream, fstatSync, statSync } from 'node:fs';
import type { Readable } from 'node:stream';

/** Bytes of a file, or of the input, and how far they are read. */
export class InputBytes implements AsyncIterable<Buffer> {
  readonly #chunks: AsyncIterable<Buffer>;
  /** Bytes in all; undefined of a pipe. */
  readonly size: number | undefined;
  #read = 0;

  /** @throws Error ENOENT when there is no such file */
  constructor(from: string | (Readable & { readonly fd?: number })) {
    const isPath = typeof from === 'string';
    const stats = isPath ? statSync(from) : from.fd === undefined ? undefined : fstatSync(from.fd);
    this.size = stats?.isFile() ? stats.size : undefined;
    this.#chunks = isPath ? createReadStream(from) : from;
  }

  /** The share of it that is read, from 0 to 1; undefined where it may have any length. */
  readonly share = (): number | undefined => this.size && this.#read / this.size;

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void, undefined> {
    for await (const chunk of this.#chunks) {
      this.#read += chunk.length;
      yield chunk;
    }
  }
}
