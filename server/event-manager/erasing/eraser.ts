import { randomUUID } from 'node:crypto';
import { type Position, parseCursor } from '../../../shared/cursor.ts';
import { EventsError } from '../../../shared/errors.ts';
import type { Broker } from '../../broker/broker.ts';
import { hasReached, newestPosition, oldestPosition } from '../../broker/gaps.ts';
import { forgetRecords } from '../reading/recent-pages.ts';
import type { ReadSteps } from '../reading/steps.ts';
import type { TopicReader } from '../reading/topic-reader.ts';
import { erasureEntry } from '../records/erasure.ts';
import type { Selector } from '../records/selector.ts';
import { isNoticeType } from '../records/stream-record.ts';

/** Records erased in one call of the broker, which blocks others meanwhile. */
const CALL_RECORDS = 500;

/** A record to erase. */
interface Found {
  readonly seq: number;
  readonly type: string;
}

/** Requires that it is said which events are meant: a cursor that is missing must not erase all. @throws EventsError INVALID_OPTION */
export function requireWhich({ cursor, filter }: { cursor?: unknown; filter?: unknown }): void {
  if (cursor === undefined && filter === undefined)
    throw new EventsError('INVALID_OPTION', 'erase: pass a cursor, or a filter: {} for all events');
}

/** Erases records of one topic, each call to the broker with the notices of it. */
export class Eraser {
  readonly #broker: Pick<Broker, 'read' | 'erase'>;
  readonly #log: TopicReader;

  constructor(broker: Pick<Broker, 'read' | 'erase'>, log: TopicReader) {
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

  /** Erases all events that the log holds now and that a selector selects. @throws EventsError UNAVAILABLE, CLOSED */
  async all(selector: Selector, steps: ReadSteps): Promise<number> {
    const bounds = await steps.read(() => this.#log.bounds());
    const end = newestPosition(bounds);
    let position: Position = oldestPosition(bounds);
    let found: Found[] = [];
    let count = 0;
    while (!hasReached(position, end)) {
      const from = position;
      const chunk = await steps.read((most, time) => this.#log.read(from, most, time));
      if (chunk.gap) position = chunk.gap.to;
      if (position.epoch !== end.epoch || (!chunk.gap && chunk.records.length === 0)) break;
      let isFull = false;
      for (const record of steps.within(chunk)) {
        if (hasReached(position, end)) break;
        const isMeant = !isNoticeType(record.type) && selector.matches(record);
        isFull = isMeant && found.length >= CALL_RECORDS;
        if (isFull) break;
        if (isMeant) found.push(record);
        position = record;
      }
      if (!isFull) continue;
      count += await this.#erase(end.epoch, found, true);
      found = [];
    }
    return count + (await this.#erase(end.epoch, found));
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
