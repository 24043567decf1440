import { charsOf, type OpenEvent, type Owner } from './open-events.ts';

/** An event that is open, with what its owner alone knows. */
export interface HeldEvent {
  readonly event: OpenEvent;
  readonly key: string;
  /** Moved on by each renewal: one for all copies of a set. */
  readonly lease: { ms: number; until: number };
}

/** Renews a lease. A question has a deadline instead. */
export function renew({ event, lease }: HeldEvent, now: number): void {
  if (event.kind !== 'question') lease.until = now + lease.ms;
}

/** Tells if an event with a key, begun by a subject, is an owner's. */
export function isOwner(key: string, by: string | undefined, owner: Omit<Owner, 'id'>): boolean {
  return key === owner.key && by === owner.by;
}

/** The event with its lease as it is now. */
export function asItIs({ event, lease }: HeldEvent): OpenEvent {
  return { ...event, until: lease.until };
}

/** Characters of an event with its key and its text. */
export function allCharsOf({ event, key }: Pick<HeldEvent, 'event' | 'key'>): number {
  return charsOf(event.entry, key) + (event.grows?.text.length ?? 0);
}
