import { randomUUID } from 'node:crypto';
import { parseCursor } from '../../../shared/cursor.ts';
import { EventsError } from '../../../shared/errors.ts';
import type { EraseResult } from '../../../shared/options/read-options.ts';
import { isRecord } from '../../../shared/wire/shapes.ts';
import type { Broker } from '../../broker/broker.ts';
import { forgetRecords } from '../reading/recent-pages.ts';
import type { ReadSteps } from '../reading/steps.ts';
import type { TopicReader } from '../reading/topic-reader.ts';
import { erasureEntry } from '../records/erasure.ts';
import { ErasedRecords, type Found, openIdOf, type Wanted } from './erased-records.ts';

/** Records erased in one call of the broker, which blocks others meanwhile. */
const CALL_RECORDS = 500;

/**
 * Requires that it is said which events are meant: a cursor that is missing, or the value of a condition, must not erase all.
 * @throws EventsError INVALID_OPTION, INVALID_FILTER
 */
export function requireWhich({ cursor, filter }: { cursor?: unknown; filter?: unknown }): void {
  if (cursor === undefined && filter === undefined)
    throw new EventsError('INVALID_OPTION', 'erase: pass a cursor, or a filter: {} for all events');
  if (Object.entries(filter ?? {}).some(saysNothing))
    throw new EventsError(
      'INVALID_FILTER',
      'erase: a part of the filter is undefined or empty, which says nothing: {} alone means all events',
    );
}

/** Tells if a part of a filter is undefined or a condition of no operator, or has such a part; no value of an `in` fits no event. */
function saysNothing([name, part]: [string, unknown]): boolean {
  if (part === undefined) return true;
  if (!Array.isArray(part) && !isRecord(part)) return false;
  const parts = Object.entries(part);
  return parts.length === 0 ? name === 'and' || isRecord(part) : parts.some(saysNothing);
}

/**
 * Erases records of one topic, each call to the broker with the notices of it. Of an open event opening and settlement are
 * erased, whichever is meant. The broker forgets it before: so nobody settles it meanwhile, with a record of all its text,
 * and a call that is repeated since it failed finds its records still. One that is open is found though its opening is gone
 * from the log, as that of a question which waits for days.
 */
export class Eraser {
  readonly #broker: Pick<Broker, 'bounds' | 'read' | 'erase' | 'publish' | 'open'>;
  readonly #log: TopicReader;
  readonly #found: ErasedRecords;

  constructor(
    broker: Pick<Broker, 'bounds' | 'read' | 'erase' | 'publish' | 'open'>,
    log: TopicReader,
    steps: ReadSteps,
  ) {
    this.#broker = broker;
    this.#log = log;
    this.#found = new ErasedRecords(broker, log, steps);
  }

  /** Erases the event that has a cursor. @throws EventsError INVALID_CURSOR, INVALID_OPTION, UNAVAILABLE */
  async one(cursor: string): Promise<number> {
    const { epoch, seq } = parseCursor(cursor);
    if (seq === 0) return 0;
    // As the broker has it: a record that this catalog cannot read may be one to be erased.
    const { gap, records } = await this.#broker.read(this.#log.topic, { epoch, seq: seq - 1 }, 1);
    const [record] = records;
    if (gap || !record || record.seq !== seq) {
      const event = (await this.#found.openNow()).find((each) => each.cursor === cursor);
      return event ? this.#eraseAll(this.#found.forgotten(new Map([[event.id, event]]))) : 0;
    }
    if (record.type.includes('.'))
      throw new EventsError(
        'INVALID_OPTION',
        'erase: the cursor is that of a notice of the server, not of an event',
      );
    const open = openIdOf(record);
    if (open === null) return this.#erase([record]);
    return this.#eraseAll(this.#found.forgotten(new Map([[open, null]])));
  }

  /**
   * Erases all events that the log holds now and that a selector selects. Those that this catalog cannot read are erased
   * where nothing is asked of their data, also those that must wait [V4], and else counted.
   * @throws EventsError UNAVAILABLE, also where something is asked and there are events beyond one that must wait; CLOSED
   */
  async all(wanted: Wanted): Promise<EraseResult> {
    let unreadable = 0;
    const erased = await this.#eraseAll(this.#found.selected(wanted, () => unreadable++));
    return unreadable === 0 ? { erased } : { erased, unreadable };
  }

  async #eraseAll(records: AsyncIterable<Found>): Promise<number> {
    let found: Found[] = [];
    let count = 0;
    for await (const record of records) {
      if (found.length >= CALL_RECORDS || (found[0] && found[0].epoch !== record.epoch)) {
        count += await this.#erase(found, true);
        found = [];
      }
      found.push(record);
    }
    return count + (await this.#erase(found));
  }

  /** @param found of one epoch @param more true if further records are to be erased */
  async #erase(found: readonly Found[], more = false): Promise<number> {
    const inOrder = found.toSorted((a, b) => a.seq - b.seq);
    const [first] = inOrder;
    if (!first) return 0;
    const types = new Map<string, Found[]>();
    for (const record of inOrder) {
      const others = types.get(record.type);
      if (others) others.push(record);
      else types.set(record.type, [record]);
    }
    const notices = [...types].map(([type, records]) => erasureEntry(type, records, randomUUID()));
    const seqs = inOrder.map(({ seq }) => seq);
    const { topic } = this.#log;
    const count = await this.#broker.erase(topic, first.epoch, seqs, notices, more);
    const gone = inOrder.filter(({ isGone }) => isGone).length;
    // Without a record that it has erased the broker tells nothing.
    if (count === 0 && gone > 0) await this.#broker.publish(topic, notices);
    forgetRecords(); // a topic that nobody follows here gets no notice
    return count + gone;
  }
}
