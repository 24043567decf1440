import type { Position } from '../../../shared/cursor.ts';
import type { LogEntry } from '../../../shared/log.ts';
import type { BegunKind, SettledState, Settlement } from '../../../shared/open/open-part.ts';

/**
 * The open sets of topics: what was begun and is not settled yet. A part of a broker; these comments are the contract, and
 * `test/broker/open/open-contract.ts` runs it against every implementation.
 *
 * Each change is one step, together with the record that it appends, if it appends one: either all of it happens or nothing.
 * It moves the set's revision on by one and is announced to all tails, in order with the records around it. With an epoch of
 * the log its set goes [O10]. Durations are measured by the broker's own clock.
 *
 * A change by an owner is refused with ALREADY_SETTLED and the settlement; NOT_OPEN; or FORBIDDEN where key or subject is
 * another than the one that began it.
 */
export interface OpenEvents {
  /**
   * Begins an event. One of the same type and key that is open is that one, `resumed`, with its lease renewed for as long
   * as is asked for now (a question keeps its deadline); one that was settled lately is `settled`, and not resumed.
   * @param most events of a topic that may be open at once
   * @throws EventsError TOO_MANY_OPEN, also past {@link MAX_OPEN_CHARS}; TOO_LARGE for its text; FORBIDDEN where the key is
   *   that of another subject's
   */
  begin(topic: string, event: NewOpenEvent, most: number): Promise<Begun>;

  /**
   * Appends to the text of a growing event, and renews its lease. `at` beyond or before the end appends nothing: text that is
   * there already is answered as if it had been appended just now [O4].
   * @param text well-formed: no half of a surrogate pair
   * @returns the length of all text, in UTF-16 code units
   * @throws EventsError CONFLICT with the length; TOO_LARGE, also past {@link MAX_OPEN_CHARS}; INVALID_OPTION for another
   *   kind; and as for all changes of an owner
   */
  append(topic: string, owner: Owner, at: number, text: string): Promise<number>;

  /**
   * Replaces the data of a presence, and renews its lease.
   * @throws EventsError INVALID_OPTION for another kind; TOO_LARGE past {@link MAX_OPEN_CHARS}; and as for all changes of an owner
   */
  replace(topic: string, owner: Owner, entry: LogEntry): Promise<void>;

  /** Renews leases; a deadline stays. @returns those ids that are not open, or are somebody else's */
  touch(topic: string, ids: readonly string[], owner: Omit<Owner, 'id'>): Promise<string[]>;

  /**
   * Settles an event [O1]: appends the settlement's record, if it has one, and takes the event out of the open set. The
   * record is stored whatever was published under its id before: anybody can tell that id in advance.
   * @returns the settlement; null where the event has changed since its revision was `rev`, its lease was renewed, or an
   *   answer comes when its time is over: then nothing happened, and it has to be looked at again
   * @throws EventsError as for all changes of an owner
   */
  settle(topic: string, settling: Settling): Promise<Settlement | null>;

  /**
   * Forgets events without a record, for good: those that are open leave the set, as a change `settled` with the state of
   * {@link FORGOTTEN_STATES}, and of those that were settled nothing is remembered, no answer and no key. Each goes in one
   * step; ids that are not known are passed over. It is the first part of an erasing: their records go with
   * {@link Broker.erase}, and so do copies that a broker's files may hold.
   */
  forget(topic: string, ids: readonly string[]): Promise<void>;

  /** An event as it is, or how it was settled. @throws EventsError NOT_OPEN */
  find(topic: string, id: string): Promise<OpenEvent | Settlement>;

  /** All that is open in a topic. */
  read(topic: string): Promise<OpenSet>;

  /** Announces an event that is not stored. @returns the cursor of the last record */
  announce(topic: string, entry: LogEntry): Promise<string>;

  /**
   * Events of all topics whose lease or deadline is over, `most` at most.
   * @param aside ids by topic, of events that are passed over. Default: none
   */
  lapsed(
    most: number,
    aside?: IdsByTopic,
  ): Promise<readonly { readonly topic: string; readonly event: OpenEvent }[]>;
}

/** Topic → ids of events. */
export type IdsByTopic = ReadonlyMap<string, ReadonlySet<string>>;

/** The one who may change an event: who knows its key, and is the subject that began it. */
export interface Owner {
  readonly id: string;
  readonly key: string;
  readonly by: string | undefined;
}

/** An event that is to be begun. */
export interface NewOpenEvent extends Owner {
  readonly kind: BegunKind;
  /** The event with its `open` part. Of a stored kind it becomes a record. Of a `growing` event its field is `''`. */
  readonly entry: LogEntry;
  /** The field that grows, of a `growing` event, and its text at first. */
  readonly grows?: { readonly field: string; readonly text: string } | undefined;
  /** Ms without a change after which it lapses; of a question, until its deadline. */
  readonly leaseMs: number;
}

/** The answer to a beginning. */
export interface Begun {
  readonly id: string;
  /** The place of its record, also of one that is settled; of a presence, that of the last record then. */
  readonly cursor: string;
  readonly resumed: boolean;
  readonly settled?: Settlement | undefined;
}

/** The way in which an event is to be settled, and by whom. */
export interface Settling {
  readonly id: string;
  readonly state: SettledState;
  /** The record; none for a presence. */
  readonly entry?: LogEntry | undefined;
  /** The revision at which the settlement was made of the event. Absent: whatever it is. */
  readonly rev?: number | undefined;
  readonly by?: string | undefined;
  readonly answer?: unknown;
  /** `{ key, by }` of its owner; `lapsed`: only if its time is over; `anybody`: an answer, unless its time is over. */
  readonly as: Omit<Owner, 'id'> | 'lapsed' | 'anybody';
}

/** An event that is open. */
export interface OpenEvent {
  readonly id: string;
  readonly kind: BegunKind;
  /** As it was begun; of a presence, as it was last replaced. */
  readonly entry: LogEntry;
  readonly grows?: { readonly field: string; readonly text: string } | undefined;
  /** Id of the subject that began it. */
  readonly by?: string | undefined;
  /** The cursor that its beginning was answered with. */
  readonly cursor: string;
  /** When it lapses, Unix ms by the broker's clock. Renewals are not announced, so in a mirror it may be out of date. */
  readonly until: number;
  /** The set's revision after its latest change. */
  readonly rev: number;
}

/** The open events of a topic at one moment. */
export interface OpenSet {
  /** The end of the log then. */
  readonly at: Position;
  /** Number of changes of this epoch's set. */
  readonly rev: number;
  readonly events: readonly OpenEvent[];
}

/** A change of a set, as it is announced. */
export type OpenChange = {
  /** The end of the log right after it. */
  readonly at: Position;
  /** The set's revision after it; those of a tail are contiguous. */
  readonly rev: number;
} & (
  | { readonly kind: 'begun'; readonly event: OpenEvent }
  | { readonly kind: 'appended'; readonly id: string; readonly offset: number; readonly text: string }
  | { readonly kind: 'replaced'; readonly id: string; readonly entry: LogEntry }
  | { readonly kind: 'settled'; readonly id: string; readonly state: SettledState }
);

/** Receiver of a topic's open set, beside its records. Its calls are in order with those of the records. */
export interface OpenSink {
  /** The whole set: after the start, and whenever changes were missed. */
  set(set: OpenSet): void;
  /** A change that follows on the set as it was told. */
  change(change: OpenChange): void;
  /** An event that is not stored. @param at the end of the log then */
  ephemeral(entry: LogEntry, at: Position): void;
}

/**
 * UTF-16 code units that all open events of a topic have together at most, so that a set can be read: of their keys, of their
 * entries (`json` and `meta`), and of the texts that grow.
 */
export const MAX_OPEN_CHARS = 16 * 1024 * 1024;
/** Open events of a topic, where nothing else is said. */
export const MAX_OPEN = 1000;
/** States of events that were forgotten, by their kind. */
export const FORGOTTEN_STATES = {
  growing: 'aborted',
  question: 'withdrawn',
  presence: 'lost',
} as const satisfies Record<BegunKind, SettledState>;
/** Ms for which a settlement is remembered: a day, and that of a question a week. */
export const SETTLED_MS = 24 * 60 * 60 * 1000;
export const ANSWERED_MS = 7 * SETTLED_MS;

/** Characters of an event's key and entry, see {@link MAX_OPEN_CHARS}. */
export function charsOf({ json, meta = '' }: LogEntry, key: string): number {
  return key.length + json.length + meta.length;
}
