import { formatCursor, type Position } from '../../../shared/cursor.ts';
import type { LogEntry } from '../../../shared/log.ts';
import { MAX_GROWN } from '../../../shared/open/bounds.ts';
import type { Settlement } from '../../../shared/open/open-part.ts';
import { allCharsOf, asItIs, type HeldEvent, isOwner, renew } from './held-event.ts';
import {
  ANSWERED_MS,
  type Begun,
  charsOf,
  FORGOTTEN_STATES,
  MAX_OPEN_CHARS,
  type NewOpenEvent,
  type OpenChange,
  type OpenEvent,
  type OpenSet,
  type Owner,
  SETTLED_MS,
  type Settling,
} from './open-events.ts';
import type { OpenMemory } from './open-memory.ts';
import {
  alreadySettled,
  conflict,
  grownTooLarge,
  notOpen,
  notYours,
  otherKind,
  setTooLarge,
  tooManyOpen,
} from './refusals.ts';
import { keyOf, type SettledEvents } from './settled-events.ts';

/** Bytes in memory of an open event, beside its texts. */
const EVENT_BYTES = 1200;

/** The moment of a change: the time, and the log as it is then. */
export interface Moment {
  /** Unix ms. */
  readonly now: number;
  /** The log's end before the change. */
  readonly end: Position;
  /** Appends a record, whatever its id. @returns the log's end then */
  append(entry: LogEntry): Position;
}

/** The result of a call, and the change that it has made; null if it has changed nothing but leases. */
export interface Outcome<T> {
  readonly result: T;
  readonly change: OpenChange | null;
}

/**
 * The open set of one topic: all rules of {@link OpenEvents} over plain objects, for brokers that keep it in their process.
 * A call that throws has changed nothing.
 */
export class TopicOpenSet {
  readonly #topic: string;
  readonly #settled: SettledEvents;
  readonly #memory: OpenMemory;
  /** In the order of their beginnings. */
  #open: Map<string, HeldEvent>;
  /** Ids of those, by type and key. */
  #ids: Map<string, string>;
  #rev: number;
  /** Characters of all of them, see MAX_OPEN_CHARS. */
  #chars: number;

  /**
   * @param topic names it in errors
   * @param from the set as it was stored; its bytes are for the caller to count
   */
  constructor(
    topic: string,
    settled: SettledEvents,
    memory: OpenMemory,
    from: { rev: number; held: readonly HeldEvent[] } = { rev: 0, held: [] },
  ) {
    this.#topic = topic;
    this.#settled = settled;
    this.#memory = memory;
    this.#rev = from.rev;
    this.#open = new Map(from.held.map((held) => [held.event.id, held]));
    this.#ids = new Map(from.held.map(({ event, key }) => [keyOf(event.entry.type, key), event.id]));
    this.#chars = from.held.reduce((sum, held) => sum + allCharsOf(held), 0);
  }

  /** A copy, to be changed apart from this one. Both have the same leases, and take memory once. */
  copy(): TopicOpenSet {
    const copy = new TopicOpenSet(this.#topic, this.#settled, this.#memory);
    copy.#open = new Map(this.#open);
    copy.#ids = new Map(this.#ids);
    copy.#rev = this.#rev;
    copy.#chars = this.#chars;
    return copy;
  }

  /** Number of open events. */
  get size(): number {
    return this.#open.size;
  }

  get rev(): number {
    return this.#rev;
  }

  /** Bytes in memory that its open events take, about. */
  get bytes(): number {
    return EVENT_BYTES * this.size + this.#chars;
  }

  /** An open event, with what its owner alone knows. */
  held(id: string): HeldEvent | undefined {
    return this.#open.get(id);
  }

  begin(event: NewOpenEvent, most: number, moment: Moment): Outcome<Begun> {
    const known = this.#begunBefore(event, moment.now);
    if (known) return { result: known, change: null };
    const { id, key, by, kind, entry, grows, leaseMs } = event;
    if (grows && grows.text.length > MAX_GROWN) throw grownTooLarge();
    if (this.#open.size >= most) throw tooManyOpen(most);
    const until = moment.now + leaseMs;
    const rev = this.#rev + 1;
    const draft = { id, kind, entry, cursor: '', until, rev };
    const told = { ...draft, ...(grows && { grows }), ...(by !== undefined && { by }) };
    const chars = allCharsOf({ event: told, key });
    if (this.#chars + chars > MAX_OPEN_CHARS) throw setTooLarge('TOO_MANY_OPEN');
    this.#memory.take(EVENT_BYTES + chars);
    this.#chars += chars;
    const at = kind === 'presence' ? moment.end : moment.append(entry);
    const begun: OpenEvent = { ...told, cursor: formatCursor(at) };
    this.#rev = rev;
    this.#open.set(id, { event: begun, key, lease: { ms: leaseMs, until } });
    this.#ids.set(keyOf(entry.type, key), id);
    return {
      result: { id, cursor: begun.cursor, resumed: false },
      change: { at, rev, kind: 'begun', event: begun },
    };
  }

  append(owner: Owner, at: number, text: string, { now, end }: Moment): Outcome<number> {
    const held = this.#owned(owner, now);
    const { grows, kind, id } = held.event;
    if (!grows) throw otherKind(kind, 'appended to');
    const { length } = grows.text;
    const isThere = at + text.length <= length && grows.text.startsWith(text, at);
    if (!isThere && at !== length) throw conflict(length, at);
    if (!isThere && length + text.length > MAX_GROWN) throw grownTooLarge();
    if (!isThere) this.#grow(text.length);
    renew(held, now);
    if (isThere) return { result: length, change: null };
    const rev = this.#change(held, { grows: { ...grows, text: grows.text + text } });
    const change = { at: end, rev, kind: 'appended', id, offset: at, text } as const;
    return { result: length + text.length, change };
  }

  replace(owner: Owner, entry: LogEntry, { now, end }: Moment): Outcome<void> {
    const held = this.#owned(owner, now);
    const { kind, id, entry: former } = held.event;
    if (kind !== 'presence') throw otherKind(kind, 'replaced');
    this.#grow(charsOf(entry, '') - charsOf(former, ''));
    renew(held, now);
    const rev = this.#change(held, { entry });
    return { result: undefined, change: { at: end, rev, kind: 'replaced', id, entry } };
  }

  /** See OpenEvents.touch. */
  touch(ids: readonly string[], owner: Omit<Owner, 'id'>, now: number): string[] {
    return ids.filter((id) => {
      const held = this.#open.get(id);
      if (!held || !isOwner(held.key, held.event.by, owner)) return true;
      renew(held, now);
      return false;
    });
  }

  settle({ id, state, entry, rev, by, answer, as }: Settling, moment: Moment): Outcome<Settlement | null> {
    const held = typeof as === 'object' ? this.#owned({ id, ...as }, moment.now) : this.#open.get(id);
    if (!held) throw this.#closed(id, moment.now);
    const { event, key, lease } = held;
    const isOver = lease.until <= moment.now;
    const isLate = as === 'lapsed' ? !isOver : as === 'anybody' && isOver;
    if (isLate || (rev !== undefined && rev !== event.rev)) return { result: null, change: null };
    const at = entry ? moment.append(entry) : moment.end;
    this.#remove(held);
    const told = { ...(by !== undefined && { by }), ...(answer !== undefined && { answer }) };
    const settlement: Settlement = { id, state, cursor: formatCursor(at), ...told };
    const until = moment.now + (event.kind === 'question' ? ANSWERED_MS : SETTLED_MS);
    const chars = answer === undefined || !entry ? 0 : charsOf(entry, '');
    const begun = { kind: event.kind, type: event.entry.type, key, by: event.by, begun: event.cursor };
    this.#settled.add({ settlement, ...begun, until, chars }, this.#rev, moment.now);
    return { result: settlement, change: { at, rev: this.#rev, kind: 'settled', id, state } };
  }

  /** See OpenEvents.forget. */
  forget(id: string, { end: at }: Moment): Outcome<void> {
    this.#settled.delete(id);
    const held = this.#open.get(id);
    if (!held) return { result: undefined, change: null };
    this.#remove(held);
    const how = { kind: 'settled', id, state: FORGOTTEN_STATES[held.event.kind] } as const;
    return { result: undefined, change: { at, rev: this.#rev, ...how } };
  }

  /** See OpenEvents.find. */
  find(id: string, now: number): OpenEvent | Settlement {
    const held = this.#open.get(id);
    if (held) return asItIs(held);
    const settled = this.#settled.byId(id, now);
    if (!settled) throw notOpen(this.#topic, id);
    return settled.settlement;
  }

  /** @param at the end of the log */
  read(at: Position): OpenSet {
    return { at, rev: this.#rev, events: [...this.#open.values()].map(asItIs) };
  }

  /** Events whose time is over. */
  lapsed(now: number): OpenEvent[] {
    const over: OpenEvent[] = [];
    for (const held of this.#open.values()) if (held.lease.until <= now) over.push(asItIs(held));
    return over;
  }

  /** The event that was begun before with a key, or with an id. @throws EventsError FORBIDDEN */
  #begunBefore({ id, key, by, entry, leaseMs }: NewOpenEvent, now: number): Begun | undefined {
    const { type } = entry;
    const held = this.#open.get(this.#ids.get(keyOf(type, key)) ?? id);
    if (held) {
      if (held.event.entry.type !== type || !isOwner(held.key, held.event.by, { key, by })) throw notYours();
      if (held.event.kind !== 'question') held.lease.ms = leaseMs;
      renew(held, now);
      return { id: held.event.id, cursor: held.event.cursor, resumed: true };
    }
    const past = this.#settled.byKey(type, key, now) ?? this.#settled.byId(id, now);
    if (!past) return undefined;
    if (past.type !== type || !isOwner(past.key, past.by, { key, by })) throw notYours();
    return { id: past.settlement.id, cursor: past.begun, resumed: false, settled: past.settlement };
  }

  /** An open event of an owner's. @throws EventsError as the contract says of changes by an owner */
  #owned({ id, ...owner }: Owner, now: number): HeldEvent {
    const held = this.#open.get(id);
    if (!held) throw this.#closed(id, now, owner);
    if (!isOwner(held.key, held.event.by, owner)) throw notYours();
    return held;
  }

  /** The error about an event that is not open. */
  #closed(id: string, now: number, owner?: Omit<Owner, 'id'>) {
    const past = this.#settled.byId(id, now);
    if (!past) return notOpen(this.#topic, id);
    if (owner && !isOwner(past.key, past.by, owner)) return notYours();
    return alreadySettled(past.settlement);
  }

  /** Changes an event, and returns the revision after that. */
  #change({ event, ...held }: HeldEvent, change: Partial<OpenEvent>): number {
    this.#rev++;
    this.#open.set(event.id, { ...held, event: { ...event, ...change, rev: this.#rev } });
    return this.#rev;
  }

  /** Takes an event out. */
  #remove(held: HeldEvent): void {
    const { event, key } = held;
    const chars = allCharsOf(held);
    this.#rev++;
    this.#memory.take(-EVENT_BYTES - chars);
    this.#chars -= chars;
    this.#open.delete(event.id);
    this.#ids.delete(keyOf(event.entry.type, key));
  }

  /** Takes further characters for an event, or gives them back if negative. @throws EventsError TOO_LARGE, TOO_MANY_OPEN */
  #grow(chars: number): void {
    if (chars > 0 && this.#chars + chars > MAX_OPEN_CHARS) throw setTooLarge('TOO_LARGE');
    this.#memory.take(chars);
    this.#chars += chars;
  }
}
