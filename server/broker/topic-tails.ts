import type { LogRecord, Tail, TailSink } from './broker.ts';

/** Followers, by topic, of a broker that is all in this process. */
export class TopicTails {
  readonly #sinks = new Map<string, Set<TailSink>>();

  add(topic: string, sink: TailSink): Tail {
    const sinks = this.#sinks.get(topic) ?? new Set();
    this.#sinks.set(topic, sinks.add(sink));
    return {
      close: () => {
        sinks.delete(sink);
        if (sinks.size === 0 && this.#sinks.get(topic) === sinks) this.#sinks.delete(topic);
      },
    };
  }

  /** Tells if somebody follows a topic. */
  has(topic: string): boolean {
    return this.#sinks.has(topic);
  }

  tell(topic: string, records: readonly LogRecord[]): void {
    for (const sink of this.#sinks.get(topic) ?? []) sink.records(records);
  }

  clear(): void {
    this.#sinks.clear();
  }
}
