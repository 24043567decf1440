import type { Position } from '../../../../shared/cursor.ts';
import type { OpenEvent } from '../../../broker/open/open-events.ts';
import type { ReadSteps } from '../../reading/steps.ts';
import type { TopicOpen } from '../../reading/topic-open.ts';
import type { TopicReader } from '../../reading/topic-reader.ts';
import type { Selector } from '../../records/selector.ts';
import { openPartOf, type StreamRecord } from '../../records/stream-record.ts';

/** The open set when a read of the past began: whole, for one page, or its ids alone, for a replay that may take hours. */
interface OpenThen {
  readonly at: Position;
  readonly events: ReadonlyMap<string, OpenEvent | null>;
}

/**
 * The records of a topic's past that are shown [O7]: a finished event once, by its settlement, and one that is still open as
 * it is now, in the place of its opening.
 */
export class Past {
  readonly #selector: Selector;
  readonly #open: TopicOpen | undefined;
  readonly #then: OpenThen | null;
  readonly #openings: boolean;

  private constructor(
    selector: Selector,
    open: TopicOpen | undefined,
    then: OpenThen | null,
    openings: boolean,
  ) {
    this.#selector = selector;
    this.#open = open;
    this.#then = then;
    this.#openings = openings;
  }

  /**
   * Reads the open set, if events that are wanted may be in it. What is begun later is known by its place.
   * @param openings true: openings of finished events are shown too
   * @param isLong true: texts of open events are not held, see {@link asItIs}
   */
  static async begin(
    { open }: TopicReader,
    selector: Selector,
    openings: boolean,
    steps: ReadSteps,
    isLong = false,
  ): Promise<Past> {
    if (!open || ![...open.storedTypes].some((type) => selector.wants(type)))
      return new Past(selector, undefined, null, openings);
    const { at, events } = await steps.read(() => open.read());
    const byId = new Map(events.map((event) => [event.id, isLong ? null : event]));
    return new Past(selector, open, { at, events: byId }, openings);
  }

  /** The form in which a record is shown; null if it is not. */
  form(record: StreamRecord): StreamRecord | null {
    if (!this.#selector.matches(record)) return null;
    const id = this.#openedBy(record);
    if (id === null || !this.#then || !this.#open) return record;
    const { at, events } = this.#then;
    const event = events.get(id);
    if (event) return this.#open.stateOf(event)?.asRecord(record) ?? record;
    const isLater = record.epoch !== at.epoch || record.seq > at.seq;
    return event === null || isLater || this.#openings ? record : null;
  }

  /** A record that is shown with the text that its event has now, where that was not held. */
  async asItIs(record: StreamRecord): Promise<StreamRecord> {
    const id = this.#openedBy(record);
    if (id === null || this.#then?.events.get(id) !== null) return record;
    return (await this.#open?.find(id))?.asRecord(record) ?? record;
  }

  /** Leaves out openings of events that were settled while the records were read. */
  finished(records: readonly StreamRecord[]): readonly StreamRecord[] {
    if (this.#openings || !this.#then) return records;
    const settled = new Set<string>();
    for (const record of records) {
      const part = this.#open?.isStored(record.type) ? openPartOf(record) : undefined;
      if (part && part.state !== 'open') settled.add(part.id);
    }
    if (settled.size === 0) return records;
    return records.filter((record) => !settled.has(this.#openedBy(record) ?? ''));
  }

  /** The event that a record is the opening of; null if it is none. */
  #openedBy(record: StreamRecord): string | null {
    const part = this.#open?.isStored(record.type) ? openPartOf(record) : undefined;
    return part?.state === 'open' ? part.id : null;
  }
}
