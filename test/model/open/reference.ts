import type { SettledState, Settlement } from '../../../shared/open/open-part.ts';
import type { BegunName } from './commands.ts';

/** Ms of a lease, and of a question until its deadline. No sum of what passes comes near to either. */
export const LEASE_MS = 10 * 60_000;
export const TIMEOUT_MS = 25 * 60_000;
/** Ms of one half of what passes at once. */
export const HALF_PASS_MS = 6 * 60_000;

/** An open event, or one that was: a plain object. */
export interface RefEvent {
  readonly topic: string;
  readonly id: string;
  readonly type: BegunName;
  readonly key: string;
  readonly by: string;
  /** Agent, room or nothing. */
  place: string;
  /** The text that grows, the name of a member, or what is asked. */
  text: string;
  /** Place of the opening's record; of a presence, that of the last record then. */
  readonly begun: string;
  state: 'open' | SettledState;
  /** Time at which it lapses. */
  until: number;
  /** Its owner renews it. */
  isOwned: boolean;
  /** The log that it was in is gone. */
  isGone: boolean;
  settledBy?: string | undefined;
  answer?: { allow: boolean } | undefined;
  reason?: string | undefined;
  /** Place of the settlement's record, where somebody was told. */
  settledAt?: string | undefined;
  /** The piece that was appended last. */
  last?: { at: number; text: string } | undefined;
}

/** Result of a call in the reference: `ok`, or the code of its error. */
export type Verdict = 'ok' | 'NOT_OPEN' | 'ALREADY_SETTLED' | 'FORBIDDEN';

/** State in which the time of an event leaves it. */
const LAPSED = { reply: 'aborted', approval: 'expired', viewer: 'lost' } as const;

/** Open events of some topics as they should be. */
export class ReferenceOpen {
  /** All that were ever begun, in their order. */
  readonly events: RefEvent[] = [];
  /** Numbers of the notes of each topic, in the log that is there now. */
  #notes = new Map<string, number[]>();
  #now = 0;

  notesOf(topic: string): readonly number[] {
    return this.#notes.get(topic) ?? [];
  }

  noted(topic: string, note: number): void {
    this.#notes.set(topic, [...this.notesOf(topic), note]);
  }

  /** The events that are open, of a topic or of all. */
  open(topic?: string): RefEvent[] {
    return this.events.filter(
      (event) => event.state === 'open' && !event.isGone && (topic === undefined || event.topic === topic),
    );
  }

  /** The one that is open, or was settled, under a key. */
  byKey(topic: string, type: BegunName, key: string): RefEvent | undefined {
    return this.events.findLast(
      (event) => !event.isGone && event.topic === topic && event.type === type && event.key === key,
    );
  }

  begun(event: Pick<RefEvent, 'topic' | 'id' | 'type' | 'key' | 'by' | 'place' | 'text' | 'begun'>): void {
    if (this.events.some(({ id }) => id === event.id)) throw new Error(`[O1] ${event.id} was begun twice`);
    const until = this.#now + (event.type === 'approval' ? TIMEOUT_MS : LEASE_MS);
    this.events.push({ ...event, state: 'open', until, isOwned: true, isGone: false });
  }

  /** The right of somebody to change an event. */
  verdict(event: RefEvent, isOwner = true): Verdict {
    if (event.isGone) return 'NOT_OPEN';
    if (!isOwner) return 'FORBIDDEN';
    return event.state === 'open' ? 'ok' : 'ALREADY_SETTLED';
  }

  renewed(event: RefEvent): void {
    if (event.type !== 'approval') event.until = this.#now + LEASE_MS;
  }

  appended(event: RefEvent, at: number, text: string): void {
    event.text += text;
    event.last = { at, text };
    this.renewed(event);
  }

  settled(event: RefEvent, { state, by, cursor, answer }: Omit<Settlement, 'id'>, reason?: string): void {
    if (event.state !== 'open') throw new Error(`[O1] ${event.id} was ${event.state}, and is ${state}`);
    event.state = state;
    event.settledBy = by;
    event.settledAt = cursor;
    event.answer = answer as RefEvent['answer'];
    event.reason = reason;
  }

  /** Time passes. @returns those that have lapsed */
  passed(ms: number): RefEvent[] {
    this.#now += ms;
    return this.open().filter(({ until }) => until <= this.#now);
  }

  /** An event's time was over. */
  lapsed(event: RefEvent): void {
    this.settled(event, { state: lapsedState(event), cursor: '' });
    event.settledAt = undefined; // nobody was told
  }

  /** The logs are lost, and all that was open in them. */
  lost(): void {
    for (const event of this.events) event.isGone = true;
    this.#notes = new Map();
  }
}

export function lapsedState({ type }: RefEvent): SettledState {
  return LAPSED[type];
}

/** The data of an event. */
export function dataOf({ type, text, place }: Pick<RefEvent, 'type' | 'text' | 'place'>) {
  if (type === 'reply') return { agent_id: place, text };
  return type === 'viewer' ? { name: text, room: place } : { tool: text };
}
