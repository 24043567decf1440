import type { AnyCatalog } from '../../../shared/catalog.ts';
import { formatCursor, type Position, parseCursor } from '../../../shared/cursor.ts';
import { EventsError } from '../../../shared/errors.ts';
import type { LogEntry } from '../../../shared/log.ts';
import { isStored } from '../../../shared/open/kinds.ts';
import type { Broker, LogRecord } from '../../broker/broker.ts';
import type { OpenEvent, OpenEvents, OpenSet } from '../../broker/open/open-events.ts';
import { OpenState, storedNames } from '../records/open-state.ts';
import type { StreamRecord } from '../records/stream-record.ts';

/** The open sets of a broker, for a catalog that has open kinds. */
export interface OpenSets {
  readonly catalog: AnyCatalog;
  readonly events: OpenEvents;
  /** Types whose openings and settlements are records. */
  readonly stored: ReadonlySet<string>;
}

/** The open sets that a catalog's events are in; undefined if it has no open kinds, or the broker no sets. */
export function openSetsOf(catalog: AnyCatalog, { open }: Pick<Broker, 'open'>): OpenSets | undefined {
  if (!open || Object.keys(catalog.opens).length === 0) return undefined;
  return { catalog, events: open, stored: new Set(storedNames(catalog.opens)) };
}

const noop = (): void => {};

/** A topic's open set as this process reads it: the broker's, without events that are malformed. */
export class TopicOpen {
  readonly #topic: string;
  readonly #sets: OpenSets;
  readonly #admit: (record: LogRecord) => StreamRecord;
  /** The reading of the set that is under way, and the one after it, which all share who asked meanwhile. */
  #reading: Promise<OpenSet> | null = null;
  #next: Promise<OpenSet> | null = null;

  /** @param admit see RecordChecks.admit */
  constructor(topic: string, sets: OpenSets, admit: (record: LogRecord) => StreamRecord) {
    this.#topic = topic;
    this.#sets = sets;
    this.#admit = admit;
  }

  /** Tells if openings and settlements of a type are records. */
  isStored(type: string): boolean {
    return this.#sets.stored.has(type);
  }

  /** Types of which {@link isStored}. */
  get storedTypes(): Iterable<string> {
    return this.#sets.stored;
  }

  /** See OpenEvents.read. One reading at a time: a set may have megabytes, and its broker serves others too. */
  read(): Promise<OpenSet> {
    if (this.#next) return this.#next;
    if (!this.#reading) return this.#read();
    this.#next = this.#reading.then(noop, noop).then(() => {
      this.#next = null;
      return this.#read();
    });
    return this.#next;
  }

  /** An event as it is; null if it is not open any more, or not valid. @throws EventsError UNAVAILABLE, CLOSED */
  async find(id: string): Promise<OpenState | null> {
    try {
      const found = await this.#sets.events.find(this.#topic, id);
      return 'entry' in found ? this.stateOf(found) : null;
    } catch (error) {
      if (error instanceof EventsError && error.code === 'NOT_OPEN') return null;
      throw error;
    }
  }

  /** Lets an entry into the process as an item in some place; null if it is not valid. */
  admit(entry: LogEntry, place: Position): StreamRecord | null {
    const { epoch, seq } = place;
    const admitted = this.#admit({ ...entry, epoch, seq, cursor: formatCursor(place), at: 0 });
    if (admitted.type !== entry.type) return null; // a gap in its place
    const { type, cursor, json, meta } = admitted;
    return meta === undefined ? { epoch, seq, cursor, type, json } : { epoch, seq, cursor, type, json, meta };
  }

  #read(): Promise<OpenSet> {
    const reading = this.#sets.events.read(this.#topic);
    this.#reading = reading;
    const end = (): void => {
      if (this.#reading === reading) this.#reading = null;
    };
    reading.then(end, end);
    return reading;
  }

  /** An event of the set; null if it is not valid. */
  stateOf({ id, kind, entry, grows, by, cursor, rev }: OpenEvent): OpenState | null {
    const facts = this.#sets.catalog.opens[entry.type];
    if (facts?.kind !== kind || facts.field !== grows?.field) return null;
    const place = parseCursor(cursor);
    const seen = this.admit(entry, place);
    return seen && new OpenState({ id, kind, rev, by, begun: isStored(kind) ? place : null, seen, grows });
  }
}
