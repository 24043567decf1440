import { DEFAULT_TOPIC } from '../../shared/protocol.ts';
import type { IngressEntry } from './ingress-entry.ts';
import type { IngressStream } from './ingress-stream.ts';

/** Topics remembered as those of entries that are left. Of more, all topics count as such. */
const MAX_TOPICS = 10_000;

/**
 * Knows of which topics this process has taken entries that it could not move: later ones of them must wait, or they would
 * change places. The entries themselves stay in Redis. They are read again in passes, in order; an entry that fails once
 * more makes those of its topic behind it wait for the next pass.
 */
export class LeftEntries {
  readonly #stream: Pick<IngressStream, 'left'>;
  /** Topics with entries that are left; null while that is not known, as after an answer that was lost. */
  #topics: Set<string> | null = new Set();
  /** Topics that the pass has found so far. */
  #found = new Set<string>();
  /** Id up to which the pass has come; null at its beginning. */
  #after: string | null = null;

  constructor(stream: Pick<IngressStream, 'left'>) {
    this.#stream = stream;
  }

  /** True if an entry is left, or may be. */
  get areThere(): boolean {
    return this.#topics?.size !== 0;
  }

  /** True if an entry of any topic may be left. */
  get areAnyones(): boolean {
    return this.#topics === null;
  }

  /** The entries before which none of their topic is left; all others are then left too. */
  ready(entries: readonly IngressEntry[]): readonly IngressEntry[] {
    return this.areThere ? entries.filter((entry) => this.#topics?.has(topicOf(entry)) === false) : entries;
  }

  /** Notes an entry that could not be moved. */
  add(entry: IngressEntry): void {
    this.#found.add(topicOf(entry));
    this.#topics?.add(topicOf(entry));
    if (this.#found.size > MAX_TOPICS || (this.#topics?.size ?? 0) > MAX_TOPICS) this.doubt();
  }

  /** Notes that entries of any topic may be left: a new pass finds out which. */
  doubt(): void {
    this.#topics = null;
    this.#found = new Set();
    this.#after = null;
  }

  /** The next entries of the pass that are to be tried again. */
  async next(): Promise<readonly IngressEntry[]> {
    const { entries, last } = await this.#stream.left(this.#after);
    this.#after = last;
    if (last === null) {
      this.#topics = this.#found;
      this.#found = new Set();
    }
    return entries.filter((entry) => !this.#found.has(topicOf(entry)));
  }
}

/** The topic that an entry names, whether it is one or not. */
export function topicOf({ fields }: IngressEntry): string {
  return fields['topic'] ?? DEFAULT_TOPIC;
}
