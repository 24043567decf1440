import type { Tail } from './broker.ts';

type Sink = (names: readonly string[]) => void;

/** Who follows which topics there are, for a broker that sees every publish itself. Each is told of a topic once. */
export class TopicWatchers {
  readonly #watchers = new Map<Sink, Set<string>>();

  /** @param names the topics there are now */
  add(names: readonly string[], onTopics: Sink): Tail {
    const sink: Sink = (more) => onTopics(more);
    this.#watchers.set(sink, new Set(names));
    sink(names);
    return { close: () => void this.#watchers.delete(sink) };
  }

  /** A topic was written to. */
  tell(name: string): void {
    for (const [sink, told] of this.#watchers) {
      if (told.has(name)) continue;
      told.add(name);
      sink([name]);
    }
  }

  clear(): void {
    this.#watchers.clear();
  }
}
