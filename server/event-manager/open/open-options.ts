import * as z from 'zod';
import { EventsError, refusedBy } from '../../../shared/errors.ts';
import { subjectIdSchema } from '../../../shared/events.ts';
import {
  LEASE_MS,
  MAX_GROWN,
  MAX_LEASE_MS,
  MAX_REASON,
  MAX_TIMEOUT_MS,
  MIN_LEASE_MS,
  TIMEOUT_MS,
} from '../../../shared/open/bounds.ts';
import { type BegunKind, OWNERS_STATES, type SettledState } from '../../../shared/open/open-part.ts';
import type { BegunType } from './open-ids.ts';

/** Text that every broker keeps and every client reads as it is. */
const wellFormed = (most: number) =>
  z
    .string()
    .max(most)
    .refine((text) => !/\p{Cs}/u.test(text), 'has half of a surrogate pair: send both halves together');

/** Schemas of what is said about open events, for every way in: bounded, and looked at before anything else is done. */
export const openShape = {
  id: z.string().min(1).max(128),
  key: subjectIdSchema, // the form of any name that others choose
  leaseMs: z.int().min(MIN_LEASE_MS).max(MAX_LEASE_MS),
  timeoutMs: z.int().min(MIN_LEASE_MS).max(MAX_TIMEOUT_MS),
  at: z.int().min(0).max(MAX_GROWN),
  text: wellFormed(MAX_GROWN),
  state: z.enum(Object.values(OWNERS_STATES).flat()),
  reason: wellFormed(MAX_REASON),
};

/** @throws EventsError INVALID_OPTION where an owner cannot settle an event of the kind so */
export function requireOwnersState(type: string, kind: BegunKind, state: SettledState): void {
  const states: readonly SettledState[] = OWNERS_STATES[kind];
  if (states.includes(state)) return;
  const message = `${type} is a ${kind}: its owner settles it as ${states.join(' or ')}, not as ${state}`;
  throw new EventsError('INVALID_OPTION', message, { issues: [{ path: ['state'], message }] });
}

/** The time that an event has: a lease, or of a question until its deadline. @throws EventsError INVALID_OPTION */
export function leaseOf(
  kind: BegunKind,
  { leaseMs, timeoutMs }: { leaseMs?: number | undefined; timeoutMs?: number | undefined },
): number {
  if (kind === 'question') {
    if (leaseMs !== undefined) throw notFor('leaseMs', kind, 'timeoutMs');
    return timeoutMs === undefined ? TIMEOUT_MS : checked('timeoutMs', timeoutMs);
  }
  if (timeoutMs !== undefined) throw notFor('timeoutMs', kind, 'leaseMs');
  return leaseMs === undefined ? LEASE_MS : checked('leaseMs', leaseMs);
}

/** An option, checked. @throws EventsError INVALID_OPTION */
export function checked<K extends keyof typeof openShape>(
  name: K,
  value: unknown,
): z.output<(typeof openShape)[K]> {
  const result = openShape[name].safeParse(value);
  if (result.success) return result.data as z.output<(typeof openShape)[K]>;
  throw refusedBy(result.error, 'INVALID_OPTION', { path: [name] });
}

function notFor(option: string, kind: BegunKind, other: string): EventsError {
  const message = `a ${kind} has none: pass ${other}`;
  return new EventsError('INVALID_OPTION', `${option}: ${message}`, {
    issues: [{ path: [option], message }],
  });
}

/** @param what as in "is a question, which …" */
export function otherKind(type: string, kind: string, what: string): EventsError {
  return new EventsError('INVALID_OPTION', `${type} is a ${kind}, which ${what}.`);
}

/** The error of an answer to an event that the id says is none of its questions. @param of the type that the id names */
export function notOfType(id: string, of: BegunType, type: string): EventsError {
  const advice = of.kind === 'question' ? `answer it as ${of.type}` : `a ${of.kind} event takes no answer`;
  const message = `The id ${JSON.stringify(id.slice(0, 80))} is of ${of.type}, and not of ${type}: ${advice}.`;
  return new EventsError('NOT_OPEN', message);
}

/** The error of text that would not be stored as it is. */
export function unclean(type: string, field: string): EventsError {
  const message = 'has control characters, which the catalog takes out: strip them before it is appended';
  return new EventsError('INVALID_EVENT', `Invalid ${type}: ${field}: ${message}`, {
    issues: [{ path: ['data', field], message }],
  });
}
