import { AgingMap } from '../memory/aging-map.ts';
import type { Tail } from './broker.ts';

/** Topics that are known to be told; of more, those told longest ago are told once more. */
const MAX_TOLD = 10_000;

type Sink = (names: readonly string[]) => void;

/**
 * Tells watchers which topics there are, for a broker that sees every publish itself. Which topics were told is kept
 * once for all watchers: a client may have a hundred of them, and there may be thousands of topics.
 */
export class TopicWatchers {
  /** Each watcher, and the count of additions and tellings when it was added. */
  readonly #watchers = new Map<Sink, number>();
  /** Each topic that was told to all who watched then, and the count at that time. */
  readonly #toldAt = new AgingMap<string, number>();
  #count = 0;
  #lastAddedAt = 0;

  /** @param names the topics there are now */
  add(names: readonly string[], onTopics: Sink): Tail {
    const sink: Sink = (more) => onTopics(more);
    this.#lastAddedAt = ++this.#count;
    this.#watchers.set(sink, this.#lastAddedAt);
    sink(names);
    return {
      close: () => {
        this.#watchers.delete(sink);
        if (this.#watchers.size === 0) this.#toldAt.clear();
      },
    };
  }

  /** A topic was written to: those who were not told of it since they watch are told. */
  tell(name: string): void {
    if (this.#watchers.size === 0) return;
    const toldAt = this.#toldAt.get(name) ?? 0;
    if (toldAt > this.#lastAddedAt) return;
    this.#toldAt.set(name, ++this.#count);
    if (this.#toldAt.size > MAX_TOLD && this.#toldAt.oldest) this.#toldAt.delete(this.#toldAt.oldest.key);
    for (const [sink, addedAt] of [...this.#watchers]) if (addedAt > toldAt) sink([name]);
  }

  clear(): void {
    this.#watchers.clear();
    this.#toldAt.clear();
  }
}
