/**
 * Kinds of events that are not complete when they are published. A `growing` event has a text that is appended to, a
 * `question` waits for its answer, a `presence` lasts as long as its owner, an `ephemeral` is delivered live and never
 * stored.
 */
export type OpenKind = 'growing' | 'question' | 'presence' | 'ephemeral';

/** States of an event that is no longer open, by its kind. */
export const SETTLED_STATES = {
  growing: ['done', 'aborted'],
  question: ['answered', 'withdrawn', 'expired'],
  presence: ['left', 'lost'],
} as const;

/** Kinds of events that are begun, and settled once. */
export type BegunKind = Exclude<OpenKind, 'ephemeral'>;

/** States in which owners may settle their events. An answer, and the end of a lease or a deadline, settle the others. */
export const OWNERS_STATES = {
  growing: ['done', 'aborted'],
  question: ['withdrawn'],
  presence: ['left'],
} as const satisfies Readonly<Record<BegunKind, readonly SettledState[]>>;

/** State of an event that was settled. */
export type SettledState = (typeof SETTLED_STATES)[BegunKind][number];

/** Part of an open event's envelope, beside its `data`: which one it is, and its state. */
export interface OpenPart<K extends BegunKind = BegunKind> {
  /** One id from its opening to its settlement. */
  id: string;
  kind: K;
  /** To a client, one that was opened and of which its server says nothing any more is `lost`, whatever its kind. */
  state: 'open' | (typeof SETTLED_STATES)[K][number] | 'lost';
  /** The field of `data` that grows, of a `growing` event. */
  field?: string | undefined;
  /** Why its owner gave it up, where that was said. */
  reason?: string | undefined;
}

/** The open part of an event of a kind; none, of one that is complete when it is published. */
export type OpenPartOf<K extends BegunKind> = [K] extends [never] ? never : OpenPart<K>;

const SETTLED = '.settled';

/** The entry id of a settlement; that of an opening is the event's own id. */
export function settlementId(id: string): string {
  return `${id}${SETTLED}`;
}

/** The id of the event that an entry opens or settles, by the entry's own id; any other id as it is. */
export function openIdIn(entryId: string): string {
  return entryId.endsWith(SETTLED) ? entryId.slice(0, -SETTLED.length) : entryId;
}

/** A change of an open event, in order with the records around it; never repeated [O2]. */
export interface StreamUpdate {
  event_type: 'stream_update';
  /** The topic it is of, in a subscription to several. */
  topic?: string;
  timestamp: string;
  data:
    | { id: string /** Length of the text before, in UTF-16 code units. */; at: number; text: string }
    | { id: string /** Data of a presence, as it is now. */; data: unknown }
    | {
        id: string /** The end of a presence; or of an event whose settlement this subscription does not get. */;
        state: SettledState;
      }
    | {
        /** A presence with so many members that only their number is told, and the own of the subscriber's subject. */
        type: string;
        count: number;
        /** `true`: from here on each member is told again. `false`, to handlers: those told before are let go of. */
        each?: boolean;
      };
}

/** An event that was settled, as it is told to whoever comes too late. */
export interface Settlement {
  id: string;
  state: SettledState;
  /** Id of the subject that settled it. */
  by?: string | undefined;
  /** Its place in the log; of a presence, the place at that time. */
  cursor: string;
  /** The answer to a question. */
  answer?: unknown;
}
