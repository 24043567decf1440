import { type Position, parseCursor } from '../../../shared/cursor.ts';
import { isStored } from '../../../shared/open/kinds.ts';
import { openIdIn } from '../../../shared/open/open-part.ts';
import type { Broker, LogRecord } from '../../broker/broker.ts';
import { hasReached, newestPosition, oldestPosition } from '../../broker/gaps.ts';
import type { OpenEvent } from '../../broker/open/open-events.ts';
import type { ReadSteps } from '../reading/steps.ts';
import type { TopicReader } from '../reading/topic-reader.ts';
import { newerAhead } from '../records/newer-versions.ts';
import type { Selector } from '../records/selector.ts';
import { isNoticeType, openPartOf, type StreamRecord } from '../records/stream-record.ts';

/** Open events that are forgotten in one call of the broker. */
const CALL_IDS = 500;

/** A record to erase. */
export interface Found extends Position {
  readonly type: string;
  /** Id of the open event that it is of. */
  readonly open?: string;
  /** The opening of an event that is open still, which retention has removed. */
  readonly isGone?: true;
}

/** Events to erase. */
export interface Wanted {
  readonly selector: Selector;
  /** True where nothing is asked of their data: then those whose data cannot be read are meant too. */
  readonly isUnconditional: boolean;
}

/** Finds what is to be erased of one topic, and has open events forgotten. */
export class ErasedRecords {
  readonly #broker: Pick<Broker, 'bounds' | 'read' | 'open'>;
  readonly #log: TopicReader;
  readonly #steps: ReadSteps;

  constructor(broker: Pick<Broker, 'bounds' | 'read' | 'open'>, log: TopicReader, steps: ReadSteps) {
    this.#broker = broker;
    this.#log = log;
    this.#steps = steps;
  }

  /**
   * Records that are wanted; those of open events first, which are forgotten before.
   * @param onUnreadable called for each record that cannot be looked at
   */
  async *selected(wanted: Wanted, onUnreadable: () => void): AsyncGenerator<Found, void, undefined> {
    const { selector, isUnconditional } = wanted;
    const { open } = this.#log;
    if (isUnconditional || [...(open?.storedTypes ?? [])].some((type) => selector.wants(type))) {
      const ids = new Map<string, OpenEvent | null>();
      for await (const record of this.#events(wanted))
        if (record.open !== undefined) ids.set(record.open, null);
      for (const event of await this.openNow()) if (this.#isMeant(event, wanted)) ids.set(event.id, event);
      yield* this.forgotten(ids);
    }
    for await (const record of this.#events(wanted, onUnreadable))
      if (record.open === undefined) yield record;
  }

  /** Events that are open, of kinds whose openings are records. */
  async openNow(): Promise<readonly OpenEvent[]> {
    const set = await this.#steps.read(async () => this.#broker.open?.read(this.#log.topic));
    return set?.events.filter(({ kind }) => isStored(kind)) ?? [];
  }

  #isMeant(event: OpenEvent, { selector, isUnconditional }: Wanted): boolean {
    if (isUnconditional) return selector.wants(event.entry.type);
    const is = this.#log.open?.stateOf(event);
    return is != null && selector.matches(is.seen);
  }

  /** Events that the log holds now and that are wanted. @param onUnreadable called for each that cannot be looked at */
  async *#events(
    { selector, isUnconditional }: Wanted,
    onUnreadable?: () => void,
  ): AsyncGenerator<Found, void, undefined> {
    const log = this.#log;
    const steps = this.#steps;
    const bounds = await steps.read(() => (isUnconditional ? this.#broker.bounds(log.topic) : log.bounds()));
    if ('isHeld' in bounds) throw newerAhead();
    const end = newestPosition(bounds);
    let position: Position = oldestPosition(bounds);
    while (!hasReached(position, end)) {
      const from = position;
      const chunk = await steps.read((most, time) =>
        isUnconditional ? log.readPast(from, most, time) : log.read(from, most, time),
      );
      if (chunk.gap) position = chunk.gap.to;
      if (chunk.isHeld && chunk.records.length === 0) throw newerAhead();
      if (position.epoch !== end.epoch || (!chunk.gap && chunk.records.length === 0)) return;
      const wanted: StreamRecord[] = [];
      for (const record of steps.within(chunk)) {
        if (hasReached(position, end)) break;
        const { unreadable: type } = record;
        const isWanted =
          type === undefined ? !isNoticeType(record.type) && selector.matches(record) : selector.wants(type);
        if (isWanted && (type === undefined || isUnconditional)) wanted.push(record);
        else if (isWanted) onUnreadable?.();
        position = record;
      }
      for (const record of wanted) yield await this.#found(record);
    }
  }

  /** A record to erase, with the open event that it is of: one that this catalog cannot read is looked at as it lies. */
  async #found({ epoch, seq, type, unreadable, ...record }: StreamRecord): Promise<Found> {
    const { topic, open: set } = this.#log;
    const place = { epoch, seq, type: unreadable ?? type };
    let open: string | null | undefined;
    if (unreadable === undefined)
      open = set?.isStored(type) ? openPartOf({ epoch, seq, type, ...record })?.id : undefined;
    else if (this.#broker.open) {
      const { records } = await this.#broker.read(topic, { epoch, seq: seq - 1 }, 1);
      open = records[0]?.seq === seq ? openIdOf(records[0]) : null;
    }
    return open ? { ...place, open } : place;
  }

  /**
   * Has open events forgotten, and finds all their records, also those that this catalog cannot read.
   * @param ids with the events as they are open, where that is known
   */
  async *forgotten(ids: ReadonlyMap<string, OpenEvent | null>): AsyncGenerator<Found, void, undefined> {
    if (ids.size === 0) return;
    const { topic } = this.#log;
    const all = [...ids.keys()];
    const gone = new Map(ids);
    for (let from = 0; from < all.length; from += CALL_IDS)
      await this.#broker.open?.forget(topic, all.slice(from, from + CALL_IDS));
    const bounds = await this.#steps.read(() => this.#broker.bounds(topic));
    const end = newestPosition(bounds);
    let position: Position = oldestPosition(bounds);
    while (!hasReached(position, end)) {
      const from = position;
      const { gap, records } = await this.#steps.read((most) => this.#broker.read(topic, from, most));
      position = records.at(-1) ?? gap?.to ?? end;
      if (position.epoch !== end.epoch) return;
      for (const record of records) {
        // The entry's id says which records are worth a look.
        const open = ids.has(openIdIn(record.id)) ? openIdOf(record) : null;
        if (open === null || !ids.has(open)) continue;
        const { epoch, seq, type } = record;
        gone.delete(open);
        yield { epoch, seq, type, open };
      }
    }
    for (const [open, event] of gone)
      if (event) yield { ...parseCursor(event.cursor), type: event.entry.type, open, isGone: true };
  }
}

/** Id of the open event that a record is of, whoever can read that; null if it is of none, or was erased. */
export function openIdOf({ json }: LogRecord): string | null {
  try {
    const { open }: { open?: { id?: unknown } | null } = JSON.parse(json);
    return typeof open?.id === 'string' ? open.id : null;
  } catch {
    return null;
  }
}
