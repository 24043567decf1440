import { randomUUID } from 'node:crypto';
import { type Position, parseCursor } from '../../../shared/cursor.ts';
import { EventsError } from '../../../shared/errors.ts';
import type { Broker, LogRecord } from '../../broker/broker.ts';
import { hasReached, newestPosition, oldestPosition } from '../../broker/gaps.ts';
import { forgetRecords } from '../reading/recent-pages.ts';
import type { ReadSteps } from '../reading/steps.ts';
import type { TopicReader } from '../reading/topic-reader.ts';
import { erasureEntry } from '../records/erasure.ts';
import type { Selector } from '../records/selector.ts';
import { isNoticeType, openPartOf, type StreamRecord } from '../records/stream-record.ts';

/** Records erased, and open events forgotten, in one call of the broker, which blocks others meanwhile. */
const CALL_RECORDS = 500;

/** A record to erase. */
interface Found extends Position {
  readonly type: string;
  /** Id of the open event that it is of. */
  readonly open?: string;
}

/** Requires that it is said which events are meant: a cursor that is missing must not erase all. @throws EventsError INVALID_OPTION */
export function requireWhich({ cursor, filter }: { cursor?: unknown; filter?: unknown }): void {
  if (cursor === undefined && filter === undefined)
    throw new EventsError('INVALID_OPTION', 'erase: pass a cursor, or a filter: {} for all events');
}

/**
 * Erases records of one topic, each call to the broker with the notices of it. Of an open event opening and settlement are
 * erased, whichever is meant. The broker forgets it before: so nobody settles it meanwhile, with a record of all its text,
 * and a call that is repeated since it failed finds its records still.
 */
export class Eraser {
  readonly #broker: Pick<Broker, 'read' | 'bounds' | 'erase' | 'open'>;
  readonly #log: TopicReader;
  readonly #steps: ReadSteps;

  constructor(
    broker: Pick<Broker, 'read' | 'bounds' | 'erase' | 'open'>,
    log: TopicReader,
    steps: ReadSteps,
  ) {
    this.#broker = broker;
    this.#log = log;
    this.#steps = steps;
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
    const open = openIdOf(record);
    if (open === null) return this.#erase([record]);
    return this.#eraseAll(this.#forgotten(new Set([open])));
  }

  /** Erases all events that the log holds now and that a selector selects. @throws EventsError UNAVAILABLE, CLOSED */
  async all(selector: Selector): Promise<number> {
    return this.#eraseAll(this.#selected(selector));
  }

  async *#selected(selector: Selector): AsyncGenerator<Found, void, undefined> {
    const { open } = this.#log;
    const idOf = (record: StreamRecord) => (open?.isStored(record.type) ? openPartOf(record)?.id : undefined);
    if (open && [...open.storedTypes].some((type) => selector.wants(type))) {
      const ids = new Set<string>();
      for await (const record of this.#events(selector)) ids.add(idOf(record) ?? '');
      ids.delete('');
      yield* this.#forgotten(ids);
    }
    for await (const record of this.#events(selector)) if (idOf(record) === undefined) yield record;
  }

  /** Events that the log holds now and that a selector selects, as this process reads it. */
  async *#events(selector: Selector): AsyncGenerator<StreamRecord, void, undefined> {
    const steps = this.#steps;
    const bounds = await steps.read(() => this.#log.bounds());
    const end = newestPosition(bounds);
    let position: Position = oldestPosition(bounds);
    while (!hasReached(position, end)) {
      const from = position;
      const chunk = await steps.read((most, time) => this.#log.read(from, most, time));
      if (chunk.gap) position = chunk.gap.to;
      if (position.epoch !== end.epoch || (!chunk.gap && chunk.records.length === 0)) return;
      const events: StreamRecord[] = [];
      for (const record of steps.within(chunk.records)) {
        if (hasReached(position, end)) break;
        if (!isNoticeType(record.type) && selector.matches(record)) events.push(record);
        position = record;
      }
      yield* events;
    }
  }

  /** Has open events forgotten, and finds all their records, also those that this catalog cannot read. */
  async *#forgotten(ids: ReadonlySet<string>): AsyncGenerator<Found, void, undefined> {
    if (ids.size === 0) return;
    const { topic } = this.#log;
    const all = [...ids];
    for (let from = 0; from < all.length; from += CALL_RECORDS)
      await this.#broker.open?.forget(topic, all.slice(from, from + CALL_RECORDS));
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
        const open = ids.has(record.id.replace(/\.settled$/, '')) ? openIdOf(record) : null;
        if (open === null || !ids.has(open)) continue;
        const { epoch, seq, type } = record;
        yield { epoch, seq, type, open };
      }
    }
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
    const count = await this.#broker.erase(this.#log.topic, first.epoch, seqs, notices, more);
    forgetRecords(); // a topic that nobody follows here gets no notice
    return count;
  }
}

/** Id of the open event that a record is of, whoever can read that; null if it is of none, or was erased. */
function openIdOf({ json }: LogRecord): string | null {
  try {
    const { open }: { open?: { id?: unknown } | null } = JSON.parse(json);
    return typeof open?.id === 'string' ? open.id : null;
  } catch {
    return null;
  }
}
