import type { Position } from '../../../../shared/cursor.ts';
import type { ReadSteps } from '../../reading/steps.ts';
import type { TopicOpen } from '../../reading/topic-open.ts';
import type { TopicReader } from '../../reading/topic-reader.ts';
import type { Selector } from '../../records/selector.ts';
import { openPartOf, type StreamRecord } from '../../records/stream-record.ts';

/** The open set when a replay began. Of its events the ids alone are held: it may take hours. */
interface OpenThen {
  readonly at: Position;
  readonly ids: ReadonlySet<string>;
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
   */
  static async begin(
    { open }: TopicReader,
    selector: Selector,
    openings: boolean,
    steps: ReadSteps,
  ): Promise<Past> {
    if (!open || ![...open.storedTypes].some((type) => selector.wants(type)))
      return new Past(selector, undefined, null, openings);
    const { at, events } = await steps.read(() => open.read());
    return new Past(selector, open, { at, ids: new Set(events.map(({ id }) => id)) }, openings);
  }

  /** A record that is shown, with the text of an event as it was begun; null for one that is not. */
  form(record: StreamRecord): StreamRecord | null {
    if (!this.#selector.matches(record)) return null;
    const id = this.#openedBy(record);
    if (id === null || !this.#then) return record;
    const { at, ids } = this.#then;
    const isLater = record.epoch !== at.epoch || record.seq > at.seq;
    return ids.has(id) || isLater || this.#openings ? record : null;
  }

  /** A record that is shown with the text that its event has now. */
  async asItIs(record: StreamRecord): Promise<StreamRecord> {
    const id = this.#openedBy(record);
    if (id === null || !this.#then?.ids.has(id)) return record;
    return (await this.#open?.find(id))?.asRecord(record) ?? record;
  }

  /** The event that a record is the opening of; null if it is none. */
  #openedBy(record: StreamRecord): string | null {
    const part = this.#open?.isStored(record.type) ? openPartOf(record) : undefined;
    return part?.state === 'open' ? part.id : null;
  }
}
