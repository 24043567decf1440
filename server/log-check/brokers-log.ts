import { type Broker, type KeptSchema, type LogRecord, LogUnavailable } from '../broker/broker.ts';

/** Records that are asked for at once. */
const PAGE_RECORDS = 500;
/** Ms that the names of topics may take: a broker in an outage goes on asking for them, for as long as it takes. */
const NAMES_MS = 15_000;

/** A log, with all its topics, that is looked through once. */
export interface WholeLog {
  /** See Broker.keepSchemas. */
  schemas(): Promise<KeptSchema[]> | KeptSchema[];
  /** Number of records in it, about. */
  count(): Promise<number> | number;
  /** All records, topic by topic. @throws EventsError UNAVAILABLE */
  records(): AsyncIterable<{ topic: string; records: readonly LogRecord[] }>;
  close(): Promise<void>;
}

/** The logs that a broker keeps, as one; closing it closes the broker. */
export class BrokersLog implements WholeLog {
  readonly #broker: Broker;
  readonly #namesMs: number;
  #topics: Promise<string[]> | undefined;

  /** @param namesMs that the names of topics may take */
  constructor(broker: Broker, namesMs = NAMES_MS) {
    this.#broker = broker;
    this.#namesMs = namesMs;
  }

  async schemas(): Promise<KeptSchema[]> {
    return (await this.#broker.keepSchemas?.([])) ?? [];
  }

  async count(): Promise<number> {
    let count = 0;
    for (const topic of await this.#names()) {
      const { first, last } = await this.#broker.bounds(topic);
      count += last - first + 1;
    }
    return count;
  }

  async *records(): AsyncGenerator<{ topic: string; records: readonly LogRecord[] }> {
    for (const topic of await this.#names()) {
      const { epoch, first, last } = await this.#broker.bounds(topic);
      for (let seq = first - 1; seq < last; ) {
        const { records, gap } = await this.#broker.read(topic, { epoch, seq }, PAGE_RECORDS);
        if (gap?.reason === 'epoch_changed')
          throw new LogUnavailable(`Topic ${topic} began anew while it was read: read the log again`);
        yield { topic, records };
        const end = records.at(-1) ?? gap?.to;
        if (!end) break; // it ends here
        seq = end.seq;
      }
    }
  }

  close(): Promise<void> {
    return this.#broker.close();
  }

  #names(): Promise<string[]> {
    this.#topics ??= this.#readNames();
    return this.#topics;
  }

  async #readNames(): Promise<string[]> {
    const names = new Set<string>();
    const late = AbortSignal.timeout(this.#namesMs);
    const add = (more: readonly string[]) => {
      for (const name of more) names.add(name);
    };
    const tail = await this.#broker.topics(add, late).catch((error) => {
      if (!late.aborted) throw error;
      const seconds = this.#namesMs / 1000;
      throw new LogUnavailable(
        `The topics of the log were not told within ${seconds} s: check that it can be reached, and that its account may read`,
        error,
      );
    });
    tail.close();
    return [...names].sort();
  }
}
