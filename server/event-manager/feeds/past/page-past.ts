import type { ReadSteps } from '../../reading/steps.ts';
import type { TopicOpen } from '../../reading/topic-open.ts';
import type { TopicReader } from '../../reading/topic-reader.ts';
import type { OpenState } from '../../records/open-state.ts';
import type { Selector } from '../../records/selector.ts';
import { openPartOf, type StreamRecord } from '../../records/stream-record.ts';

/** Events that are looked for one by one; for more of them the set is read. */
const MOST_FOUND = 8;

/**
 * The records of a page that are shown [O7], as a `Past` shows them. The page is read without the open set: it has the
 * settlements of most events that are begun on it. Where some are missing those events are looked for, and the page is read again.
 */
export class PagePast {
  readonly #selector: Selector;
  readonly #open: TopicOpen | undefined;
  readonly #openings: boolean;
  /** Events that were looked for; null: not open any more. */
  readonly #known = new Map<string, OpenState | null>();
  readonly #settled = new Set<string>();
  #unknown = new Set<string>();

  /** @param openings true: openings of finished events are shown too */
  constructor({ open }: TopicReader, selector: Selector, openings: boolean) {
    this.#open = open;
    this.#selector = selector;
    this.#openings = openings;
  }

  /** The form in which a record is shown; null if it is not, for all that is known by now. */
  form(record: StreamRecord): StreamRecord | null {
    const { id, state } = this.#partOf(record) ?? {};
    if (id !== undefined && state !== 'open') this.#settled.add(id);
    if (!this.#selector.matches(record)) return null;
    if (id === undefined || state !== 'open') return record;
    const is = this.#known.get(id);
    if (is) return is.asRecord(record);
    if (is === undefined) this.#unknown.add(id);
    return this.#openings ? record : null;
  }

  /** Looks for events whose settlements were not met. @returns true if there are any, and so the page is to be read again */
  async look(steps: ReadSteps): Promise<boolean> {
    const open = this.#open;
    const ids = [...this.#unknown].filter((id) => !this.#settled.has(id));
    this.#unknown = new Set();
    if (!open || ids.length === 0) return false;
    if (ids.length <= MOST_FOUND) {
      for (const id of ids) this.#known.set(id, await steps.read(() => open.find(id)));
      return true;
    }
    const { events } = await steps.read(() => open.read());
    const byId = new Map(events.map((event) => [event.id, event]));
    for (const id of ids) {
      const event = byId.get(id);
      this.#known.set(id, event ? open.stateOf(event) : null);
    }
    return true;
  }

  /** Leaves out openings of events that were settled while the records were read. */
  finished(records: readonly StreamRecord[]): readonly StreamRecord[] {
    if (this.#openings || this.#settled.size === 0) return records;
    return records.filter((record) => {
      const part = this.#partOf(record);
      return part?.state !== 'open' || !this.#settled.has(part.id);
    });
  }

  #partOf(record: StreamRecord) {
    const isStored = this.#open?.isStored(record.type) && this.#selector.wants(record.type);
    return isStored ? openPartOf(record) : undefined;
  }
}
