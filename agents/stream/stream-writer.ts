import { EventsError, isRetryable, messageOf } from '../../shared/errors.ts';
import type { GrowingHandle } from '../../shared/open/handle-kinds.ts';
import { isHighSurrogate } from '../../shared/open/pieces.ts';
import type { AnyChunk, Dialect, Sorted } from './dialect.ts';
import { CONTINUES } from './stored.ts';

/** Calls of a run's work, with its topic filled in. */
export interface Output {
  publish(type: string, data: object): Promise<unknown>;
  begin(type: string, data: object): Promise<GrowingHandle>;
}

/** Characters of one growing event at most: what is more goes on in a further one. */
const MAX_TEXT = 200_000;
/** Characters of one text that may be on their way. */
const MAX_IN_FLIGHT = 64 * 1024;

interface OpenPart<Chunk> {
  readonly type: string;
  readonly start: Chunk;
  n: number;
  handle: GrowingHandle;
  /** Characters of its event so far. */
  length: number;
  inFlight: number;
  /** The text that was appended last; resolves whether it was taken or not: the handle keeps what failed. */
  last: Promise<void>;
  failure?: unknown;
}

/** Writes the chunks of one run: deltas of a text become one growing event, all else is a record, in order. */
export class StreamWriter<Chunk extends AnyChunk> {
  readonly #dialect: Dialect<Chunk>;
  readonly #runId: string;
  readonly #output: Output;
  readonly #maxText: number;
  readonly #parts = new Map<string, OpenPart<Chunk>>();

  /** @param options.maxText characters of one growing event. Default 200 000 */
  constructor(
    dialect: Dialect<Chunk>,
    runId: string,
    output: Output,
    { maxText = MAX_TEXT }: { maxText?: number } = {},
  ) {
    this.#dialect = dialect;
    this.#runId = runId;
    this.#output = output;
    this.#maxText = maxText;
  }

  /**
   * Writes a chunk. Resolves when the next may come: at once for a text, unless much of it is on its way.
   * @throws TypeError for a text of a part that is not open; EventsError that refuses it, or text before it
   */
  async write(chunk: Chunk): Promise<void> {
    const sorted = this.#dialect.sort(chunk);
    if (sorted.is === 'grows') return this.#grow(chunk, sorted);
    await this.#flush();
    if (sorted.is === 'closes') return this.#close(chunk, sorted);
    if (sorted.is !== 'opens') return this.#store(chunk);
    const { part, type } = sorted;
    if (this.#parts.has(part)) throw new TypeError(`${chunk.type}: the part "${part}" is open already.`);
    const start = plain(chunk);
    const handle = await this.#begin(type, part, start, 0);
    this.#parts.set(part, { type, start, n: 0, handle, length: 0, inFlight: 0, last: Promise.resolve() });
  }

  async #begin(type: string, part: string, start: Chunk, n: number): Promise<GrowingHandle> {
    const field = this.#dialect.grows[type];
    if (field === undefined) throw new TypeError(`The dialect has no growing event "${type}".`);
    return this.#output.begin(type, { run_id: this.#runId, part, n, start, [field]: '' });
  }

  async #grow(chunk: Chunk, { part, text, rest }: Sorted<Chunk> & { is: 'grows' }): Promise<void> {
    const open = this.#open(chunk, part);
    let left = text;
    while (open.length + left.length > this.#maxText) {
      const room = Math.max(0, this.#maxText - open.length);
      const cut = room > 0 && isHighSurrogate(left, room - 1) ? room - 1 : room;
      this.#append(open, left.slice(0, cut));
      left = left.slice(cut);
      await open.handle.abort(CONTINUES);
      open.n += 1;
      open.length = 0;
      open.handle = await this.#begin(open.type, part, open.start, open.n);
    }
    this.#append(open, left);
    if (open.inFlight > MAX_IN_FLIGHT) await open.last;
    if (open.failure !== undefined) throw open.failure;
    if (!rest) return;
    await this.#flush();
    await this.#store(rest);
  }

  #append(open: OpenPart<Chunk>, text: string): void {
    if (text === '') return;
    open.length += text.length;
    open.inFlight += text.length;
    open.last = open.handle
      .append(text)
      .catch((error: unknown) => {
        if (!(error instanceof EventsError && isRetryable(error))) open.failure ??= error;
      })
      .then(() => {
        open.inFlight -= text.length;
      });
  }

  async #close(chunk: Chunk, { part, rest }: Sorted<Chunk> & { is: 'closes' }): Promise<void> {
    const open = this.#open(chunk, part);
    if (rest) await this.#store(rest);
    await open.handle.done();
    this.#parts.delete(part);
  }

  #open(chunk: Chunk, part: string): OpenPart<Chunk> {
    const open = this.#parts.get(part);
    if (!open) throw new TypeError(`${chunk.type}: the part "${part}" is not open.`);
    return open;
  }

  /** Resolves once all texts are there: what is stored next comes after them. */
  async #flush(): Promise<void> {
    for (const open of this.#parts.values()) {
      await open.last;
      if (open.failure !== undefined) throw open.failure;
    }
  }

  async #store(chunk: Chunk): Promise<void> {
    await this.#output.publish(this.#dialect.record, { run_id: this.#runId, chunk: plain(chunk) });
  }
}

/** A chunk as JSON has it: without undefined, functions and classes. @throws EventsError INVALID_EVENT for what JSON cannot hold */
function plain<Chunk extends AnyChunk>(chunk: Chunk): Chunk {
  try {
    return JSON.parse(JSON.stringify(chunk));
  } catch (cause) {
    const message = `${chunk.type} cannot be stored as JSON: ${messageOf(cause)}`;
    throw new EventsError('INVALID_EVENT', message, { cause });
  }
}
