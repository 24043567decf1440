import { createReadStream, fstatSync, type Stats, statSync } from 'node:fs';
import type { Readable } from 'node:stream';

/** Bytes of a file, or of the input, and how far they are read. */
export class InputBytes implements AsyncIterable<Buffer> {
  readonly #chunks: AsyncIterable<Buffer>;
  /** Bytes in all; undefined of a pipe. */
  readonly size: number | undefined;
  #read = 0;

  /** @throws Error when there is no such file */
  constructor(from: string | (Readable & { readonly fd?: number })) {
    const isPath = typeof from === 'string';
    const stats = isPath ? statsOf(from) : from.fd === undefined ? undefined : fstatSync(from.fd);
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

/** @throws Error when there is no such file, or it is none */
function statsOf(path: string): Stats {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined)
    throw new Error(
      `There is no file ${path}. Name one that export wrote, or leave it out to read the input.`,
    );
  if (stats.isDirectory()) throw new Error(`${path} is a directory. Name a file that export wrote.`);
  return stats;
}
