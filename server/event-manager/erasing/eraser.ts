import { randomUUID } from 'node:crypto';
import { type Position, parseCursor } from '../../../shared/cursor.ts';
import { EventsError } from '../../../shared/errors.ts';
import type { EraseResult } from '../../../shared/read-options.ts';
import type { Broker } from '../../broker/broker.ts';
import { hasReached, newestPosition, oldestPosition } from '../../broker/gaps.ts';
import { forgetRecords } from '../reading/recent-pages.ts';
import type { ReadSteps } from '../reading/steps.ts';
import type { TopicReader } from '../reading/topic-reader.ts';
import { erasureEntry } from '../records/erasure.ts';
import { newerAhead } from '../records/newer-versions.ts';
import type { Selector } from '../records/selector.ts';
import { isNoticeType } from '../records/stream-record.ts';

/** Records erased in one call of the broker, which blocks others meanwhile. */
const CALL_RECORDS = 500;

/** A record to erase. */
interface Found {
  readonly seq: number;
  readonly type: string;
}

/** Events to erase. */
interface Wanted {
  readonly selector: Selector;
  /** True where nothing is asked of their data: then those whose data cannot be read are meant too. */
  readonly isUnconditional: boolean;
}

/**
 * Requires that it is said which events are meant: a cursor that is missing, or the value of a condition, must not erase all.
 * @throws EventsError INVALID_OPTION, INVALID_FILTER
 */
export function requireWhich({ cursor, filter }: { cursor?: unknown; filter?: unknown }): void {
  if (cursor === undefined && filter === undefined)
    throw new EventsError('INVALID_OPTION', 'erase: pass a cursor, or a filter: {} for all events');
  if (hasUndefined(filter))
    throw new EventsError(
      'INVALID_FILTER',
      'erase: the filter has a condition that is undefined, which would say nothing: {} means all events',
    );
}

/** Tells if a value holds undefined, at any depth. */
function hasUndefined(value: unknown): boolean {
  return typeof value === 'object' && value !== null
    ? Object.values(value).some((part) => part === undefined || hasUndefined(part))
    : false;
}

/** Erases records of one topic, each call to the broker with the notices of it. */
export class Eraser {
  readonly #broker: Pick<Broker, 'bounds' | 'read' | 'erase'>;
  readonly #log: TopicReader;

  constructor(broker: Pick<Broker, 'bounds' | 'read' | 'erase'>, log: TopicReader) {
    this.#broker = broker;
    this.#log = log;
  }

  /** Erases the event that has a cursor. @throws EventsError INVALID_CURSOR, INVALID_OPTION, UNAVAILABLE */
  async one(cursor: string): Promise<number> {
    const { epoch, seq } = parseCursor(cursor);
    if (seq === 0) return 0;
    // As the broker has it: a record that this catalog cannot read may be one to be erased.
    const { gap, records } = await this.#broker.read(this.#log.topic, { epoch, seq: seq - 1 }, 1);
    const [record] = records;
    if (gap || !record || record.seq !== seq) return 0;
    if (record.type.includes('.'))
      throw new EventsError(
        'INVALID_OPTION',
        'erase: the cursor is that of a notice of the server, not of an event',
      );
    return this.#erase(epoch, [{ seq, type: record.type }]);
  }

  /**
   * Erases all events that the log holds now and that a selector selects. Those that this catalog cannot read are erased
   * where nothing is asked of their data, also those that must wait [V4], and else counted.
   * @throws EventsError UNAVAILABLE, also where something is asked and there are events beyond one that must wait; CLOSED
   */
  async all({ selector, isUnconditional }: Wanted, steps: ReadSteps): Promise<EraseResult> {
    const log = this.#log;
    const bounds = await steps.read(() => (isUnconditional ? this.#broker.bounds(log.topic) : log.bounds()));
    if ('isHeld' in bounds) throw newerAhead();
    const end = newestPosition(bounds);
    let position: Position = oldestPosition(bounds);
    let found: Found[] = [];
    let erased = 0;
    let unreadable = 0;
    while (!hasReached(position, end)) {
      const from = position;
      const chunk = await steps.read((most, time) =>
        isUnconditional ? log.readPast(from, most, time) : log.read(from, most, time),
      );
      if (chunk.gap) position = chunk.gap.to;
      if (chunk.isHeld && chunk.records.length === 0) throw newerAhead();
      if (position.epoch !== end.epoch || (!chunk.gap && chunk.records.length === 0)) break;
      let isFull = false;
      for (const record of steps.within(chunk)) {
        if (hasReached(position, end)) break;
        const { seq, unreadable: type } = record;
        const isWanted =
          type === undefined ? !isNoticeType(record.type) && selector.matches(record) : selector.wants(type);
        const isMeant = isWanted && (type === undefined || isUnconditional);
        isFull = isMeant && found.length >= CALL_RECORDS;
        if (isFull) break;
        if (isMeant) found.push({ seq, type: type ?? record.type });
        else if (isWanted) unreadable++;
        position = record;
      }
      if (!isFull) continue;
      erased += await this.#erase(end.epoch, found, true);
      found = [];
    }
    erased += await this.#erase(end.epoch, found);
    return unreadable === 0 ? { erased } : { erased, unreadable };
  }

  /** @param more true if further records are to be erased */
  async #erase(epoch: string, found: readonly Found[], more = false): Promise<number> {
    if (found.length === 0) return 0;
    const types = new Map<string, number[]>();
    for (const { seq, type } of found) {
      const seqs = types.get(type);
      if (seqs) seqs.push(seq);
      else types.set(type, [seq]);
    }
    const notices = [...types].map(([type, seqs]) => erasureEntry(type, seqs, randomUUID()));
    const seqs = found.map(({ seq }) => seq);
    const count = await this.#broker.erase(this.#log.topic, epoch, seqs, notices, more);
    forgetRecords(); // a topic that nobody follows here gets no notice
    return count;
  }
}
