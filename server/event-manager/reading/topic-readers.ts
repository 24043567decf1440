import type { Broker } from '../../broker/broker.ts';
import { AgingMap } from '../../memory/aging-map.ts';
import type { RecordGate } from './admission.ts';
import type { OpenSets } from './topic-open.ts';
import { TopicReader, type Waits } from './topic-reader.ts';

/** Topics whose log is kept at hand, a few hundred bytes each: more than pages are kept of. */
const MAX_LOGS = 256;

/** The logs of one process, one for all who read a topic at about the same time: so they share its pages. */
export class TopicReaders {
  readonly #broker: Broker;
  readonly #admit: RecordGate;
  readonly #waits: Waits | undefined;
  readonly #opens: OpenSets | undefined;
  /** Logs that were asked for last. */
  readonly #logs = new AgingMap<string, TopicReader>();

  /** @param waits default: no record waits @param opens default: no open kinds */
  constructor(broker: Broker, admit: RecordGate, waits?: Waits, opens?: OpenSets) {
    this.#broker = broker;
    this.#admit = admit;
    this.#waits = waits;
    this.#opens = opens;
  }

  of(topic: string): TopicReader {
    const log =
      this.#logs.get(topic) ?? new TopicReader(topic, this.#broker, this.#admit, this.#waits, this.#opens);
    this.#logs.set(topic, log);
    for (let { oldest } = this.#logs; oldest && this.#logs.size > MAX_LOGS; { oldest } = this.#logs)
      this.#logs.delete(oldest.key);
    return log;
  }
}
