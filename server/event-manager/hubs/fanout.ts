import type { Telemetry } from '../../telemetry/telemetry.ts';
import { explain } from '../records/reports.ts';
import type { Selector } from '../records/selector.ts';
import { formsFor, type StreamRecord } from '../records/stream-record.ts';
import { Cohort } from './cohort.ts';
import { Batch, type Sink } from './hub.ts';

interface Selecting {
  readonly selector: Selector;
  readonly cohort: Cohort;
}

/**
 * Hands a topic's records to the sinks that joined, matched once for all that select alike. The log is told here who
 * got what, and why not the others.
 */
export class Fanout {
  readonly #topic: string;
  readonly #telemetry: Telemetry;
  readonly #cohorts = new Map<string, Selecting>();

  constructor(topic: string, telemetry: Telemetry) {
    this.#topic = topic;
    this.#telemetry = telemetry;
  }

  /** @returns the selector of all that select alike */
  join(selector: Selector, sink: Sink): Selector {
    let selecting = this.#cohorts.get(selector.key);
    if (!selecting) {
      selecting = { selector, cohort: new Cohort(this.#telemetry) };
      this.#cohorts.set(selector.key, selecting);
    }
    selecting.cohort.add(sink);
    return selecting.selector;
  }

  leave({ key }: Selector, sink: Sink): void {
    const cohort = this.#cohorts.get(key)?.cohort;
    if (cohort?.delete(sink) && cohort.isEmpty) this.#cohorts.delete(key);
  }

  handOut(records: readonly StreamRecord[]): void {
    // A copy: a cohort that ends and begins again meanwhile stands behind these records already.
    for (const { selector, cohort } of [...this.#cohorts.values()]) {
      explain(this.#telemetry.logger, this.#topic, selector, records, () => cohort.subscribers);
      const selected = formsFor(selector, records);
      if (selected.length > 0) cohort.hand(new Batch(selected), this.#topic);
    }
  }
}
