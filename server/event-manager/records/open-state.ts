import { formatCursor, type Position } from '../../../shared/cursor.ts';
import { envelopeText } from '../../../shared/log.ts';
import { isStored, type OpenEventFacts } from '../../../shared/open/kinds.ts';
import type { BegunKind, StreamUpdate } from '../../../shared/open/open-part.ts';
import { charsOf, decodeRecord, type Reader, type StreamRecord, type Told } from './stream-record.ts';

/** The growing text of an event. */
interface Grows {
  readonly field: string;
  readonly text: string;
}

/** Facts of an {@link OpenState}. */
interface OpenStateFacts {
  readonly id: string;
  readonly kind: BegunKind;
  /** The open set's revision after the latest change of the event. */
  readonly rev: number;
  /** The subject that began it. */
  readonly by: string | undefined;
  /** The place of its opening; null for one that is no record. */
  readonly begun: Position | null;
  /** The event as filters see it: a growing one as it was begun, a presence as it was last replaced. */
  readonly seen: StreamRecord;
  readonly grows?: Grows | undefined;
}

/** An open event at one revision. It does not change: another revision is another state. */
export class OpenState {
  readonly id: string;
  readonly kind: BegunKind;
  readonly rev: number;
  readonly by: string | undefined;
  readonly begun: Position | null;
  readonly seen: StreamRecord;
  readonly grows: Grows | undefined;
  /** As it was told last: made once for all who are told it in the same place. */
  #told: StreamRecord | null = null;

  constructor({ id, kind, rev, by, begun, seen, grows }: OpenStateFacts) {
    this.id = id;
    this.kind = kind;
    this.rev = rev;
    this.by = by;
    this.begun = begun;
    this.seen = seen;
    this.grows = grows;
  }

  get type(): string {
    return this.seen.type;
  }

  /** The state after text was appended. */
  appended(text: string, rev: number): OpenState {
    const { grows } = this;
    return new OpenState({ ...this.#facts, rev, grows: grows && { ...grows, text: grows.text + text } });
  }

  /** The state after its data was replaced. */
  replaced(seen: StreamRecord, rev: number): OpenState {
    return new OpenState({ ...this.#facts, rev, seen });
  }

  /** The event as it is, for who stands at a place. It is no record. */
  at(place: Position): StreamRecord {
    const cursor = formatCursor(place);
    if (this.#told?.cursor === cursor) return this.#told;
    const { json, meta } = this.#told ?? (this.grows ? this.#grown({ stored: false }) : notStored(this.seen));
    this.#told = toldRecord(place, this.type, { json, meta }, new ToldChange(null, this));
    return this.#told;
  }

  /** The event as it is, in the place of its opening. */
  asRecord(opening: StreamRecord): StreamRecord {
    if (!this.grows) return opening;
    const { meta: _, ...record } = opening;
    return { ...record, ...this.#grown({}) };
  }

  get #facts(): OpenStateFacts {
    const { id, kind, rev, by, begun, seen, grows } = this;
    return { id, kind, rev, by, begun, seen, grows };
  }

  #grown(more: { stored?: false }): Pick<StreamRecord, 'json' | 'meta'> {
    const { seen, grows } = this;
    const event = decodeRecord(seen) as { data: object };
    const data = grows ? { ...event.data, [grows.field]: grows.text } : event.data;
    return envelopeText({ ...event, data, ...more }, seen.meta === undefined);
  }
}

/**
 * Readers who are told a change, of those who see the event: `all`; of a large presence its `own` subject, and those who want
 * all; those who had the number instead (`counted`), or of them its own subject alone (`mine`).
 */
export type Audience = 'all' | 'own' | 'counted' | 'mine';

/** A change of an open event: a reader is told it who sees the event as it was, or as it is. */
export class ToldChange implements Told {
  /** Null for one that was not open, and is told as it is. */
  readonly was: OpenState | null;
  /** Null for one that is no longer open. */
  readonly is: OpenState | null;
  readonly audience: Audience;

  constructor(was: OpenState | null, is: OpenState | null, audience: Audience = 'all') {
    this.was = was;
    this.is = is;
    this.audience = audience;
  }

  get begun(): Position | null {
    return (this.is ?? this.was)?.begun ?? null;
  }

  form(item: StreamRecord, reader: Reader): StreamRecord | null {
    const { audience } = this;
    if ((audience === 'counted' || audience === 'mine') && reader.allMembers) return null;
    const form = this.#seenBy(item, reader);
    if (form === null || audience === 'all' || audience === 'counted' || reader.allMembers) return form;
    const only = (this.is ?? this.was)?.by;
    return only === undefined ? null : { ...form, only };
  }

  /** One that comes into sight is told as it is, and one that goes out of sight as if it had left: nothing is shown beyond. */
  #seenBy(item: StreamRecord, reader: Reader): StreamRecord | null {
    const { was, is } = this;
    const saw = was !== null && reader.matches(was.seen);
    if (is === null) return saw ? item : null;
    const sees = was?.seen === is.seen ? saw : reader.matches(is.seen);
    if (saw === sees) return saw ? item : null;
    return sees ? is.at(item) : was && updateRecord(item, { id: was.id, state: 'left' }, this);
  }
}

/** The end of an event, for a reader that saw it and is not shown its settlement: by a filter, or since it is its own [V6]. */
export class ToldEnd implements Told {
  readonly id: string;
  /** The event as filters saw it. */
  readonly seen: StreamRecord;
  readonly begun: Position | null;
  readonly #settlement: StreamRecord;

  constructor(id: string, { seen, begun }: Pick<OpenState, 'seen' | 'begun'>, settlement: StreamRecord) {
    this.id = id;
    this.seen = seen;
    this.begun = begun;
    this.#settlement = settlement;
  }

  /** Characters of the records that it holds. */
  get chars(): number {
    return charsOf(this.seen) + charsOf(this.#settlement);
  }

  form(item: StreamRecord, reader: Reader): StreamRecord | null {
    return reader.narrows && reader.matches(this.seen) && !reader.matches(this.#settlement) ? item : null;
  }
}

/** The number of members of a large presence [O11]: for those who do not want each. */
export class ToldCount implements Told {
  readonly begun = null;
  readonly type: string;
  readonly #isEach: boolean;
  readonly #countFor: (reader: Reader) => number;

  /**
   * @param isEach true if each member is told after it
   * @param countFor members that a reader would see now
   */
  constructor(type: string, isEach: boolean, countFor: (reader: Reader) => number) {
    this.type = type;
    this.#isEach = isEach;
    this.#countFor = countFor;
  }

  form(item: StreamRecord, reader: Reader): StreamRecord | null {
    if (reader.allMembers || !reader.wants(this.type)) return null;
    return reader.narrows ? this.at(item, reader) : item;
  }

  /** The number for a reader who stands at a place. @param reader default: one that sees all of the type */
  at(
    place: Position,
    reader: Reader = { wants: () => true, matches: () => true, ...SEES_ALL },
  ): StreamRecord {
    const data = { type: this.type, count: this.#countFor(reader), ...(this.#isEach && { each: true }) };
    return updateRecord(place, data, this);
  }
}

const SEES_ALL = { narrows: false, allMembers: false };

/** An event that is never stored. */
export const EPHEMERAL: Told = {
  begun: null,
  form: (item, reader) => (reader.matches(item) ? item : null),
};

/** An event that is no record, in the place of the last one. */
export function toldRecord(
  { epoch, seq }: Position,
  type: string,
  { json, meta }: { readonly json: string; readonly meta?: string | undefined },
  told: Told,
): StreamRecord {
  const record = { epoch, seq, cursor: formatCursor({ epoch, seq }), type, json, told };
  return meta === undefined ? record : { ...record, meta };
}

/** The item that tells of a change. @param plain true if its data is known to be plain JSON */
export function updateRecord(
  place: Position,
  data: StreamUpdate['data'],
  told: Told,
  plain = true,
): StreamRecord {
  const update = { event_type: 'stream_update', timestamp: new Date().toISOString(), data } as const;
  return toldRecord(place, update.event_type, envelopeText(update satisfies StreamUpdate, plain), told);
}

const NOT_STORED = ',"stored":false}';

/** The text of an event that is no record, which says so. */
export function notStored({ json, meta }: StreamRecord): Pick<StreamRecord, 'json' | 'meta'> {
  // At the end, where it counts whatever else the envelope holds.
  const text = json.endsWith(NOT_STORED) ? json : `${json.slice(0, json.lastIndexOf('}'))}${NOT_STORED}`;
  return meta === undefined ? { json: text } : { json: text, meta };
}

/** Tells if an item is of an event that is told elsewhere too: an update, the event again, or as it is beside its record. */
export function isToldAgain({ type, told }: StreamRecord): boolean {
  if (type === 'stream_update') return true;
  if (!(told instanceof ToldChange)) return false;
  return told.begun !== null || told.was !== null || told.audience === 'counted' || told.audience === 'mine';
}

/** Names of those events whose openings and settlements are records of the log. */
export function storedNames(opens: OpenEventFacts): string[] {
  return Object.entries(opens).flatMap(([name, { kind }]) => (isStored(kind) ? [name] : []));
}
