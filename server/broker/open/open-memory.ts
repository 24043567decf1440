import { openTakesTooMuch } from './refusals.ts';

/** Bytes that all open events of an embedded broker may take, however much its logs may. */
const MAX_BYTES = 128 * 1024 * 1024;

/** Bytes in memory that the open events of all topics take, about. */
export class OpenMemory {
  readonly #max: number;
  #bytes = 0;

  /** @param totalBytes what logs and open events together may take, see Retention.maxTotalBytes: half of it, and no more than 128 MiB, is for open events */
  constructor(totalBytes: number) {
    this.#max = Math.min(MAX_BYTES, Math.floor(totalBytes / 2));
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Takes bytes, or gives them back if negative. @throws EventsError TOO_MANY_OPEN, and takes none */
  take(bytes: number): void {
    if (bytes > 0 && this.#bytes + bytes > this.#max) throw openTakesTooMuch(this.#max);
    this.count(bytes);
  }

  /** Counts bytes that are taken, or given back, however much that is. */
  count(bytes: number): void {
    this.#bytes += bytes;
  }
}
