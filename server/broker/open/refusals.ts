import { EventsError } from '../../../shared/errors.ts';
import { MAX_GROWN } from '../../../shared/open/bounds.ts';
import type { BegunKind, Settlement } from '../../../shared/open/open-part.ts';
import { MAX_OPEN_CHARS } from './open-events.ts';

/** Errors of changes to open events, the same from every broker. */

/** @param topic the one that was asked */
export function notOpen(topic: string, id: string): EventsError {
  const message = `No open event of the topic ${JSON.stringify(topic)} has the id ${JSON.stringify(id.slice(0, 80))}. If the topic and the id are right, it was never begun, it was erased, its log was lost, or it was settled long ago: only its owner may begin it again.`;
  return new EventsError('NOT_OPEN', message);
}

export function alreadySettled(settled: Settlement): EventsError {
  const who = settled.by === undefined ? '' : ` by ${settled.by}`;
  return new EventsError(
    'ALREADY_SETTLED',
    `The event was settled before, as ${settled.state}${who}: nothing was changed.`,
    { settled },
  );
}

export function notYours(): EventsError {
  return new EventsError(
    'FORBIDDEN',
    'Somebody else began this event: only its owner, with the key that `begin` returned, may change it.',
  );
}

export function conflict(length: number, at: number): EventsError {
  const message = `The text has ${length} characters, so nothing can be appended at ${at}: go on from ${length}.`;
  return new EventsError('CONFLICT', message, { length });
}

export function grownTooLarge(): EventsError {
  return new EventsError(
    'TOO_LARGE',
    `The text would be longer than ${MAX_GROWN} characters: settle the event, and begin another.`,
  );
}

/** @param change as in "cannot be …" */
export function otherKind(kind: BegunKind, change: 'appended to' | 'replaced'): EventsError {
  return new EventsError('INVALID_OPTION', `The event is a ${kind}, which cannot be ${change}.`);
}

export function tooManyOpen(most: number): EventsError {
  return new EventsError(
    'TOO_MANY_OPEN',
    `The topic has ${most} open events, and may have no more: settle some, or use another topic.`,
  );
}

/** The error of a change past {@link MAX_OPEN_CHARS}. @param code that of a beginning, or of text for an event that is open */
export function setTooLarge(code: 'TOO_MANY_OPEN' | 'TOO_LARGE'): EventsError {
  return new EventsError(
    code,
    `The open events of the topic would have more than ${MAX_OPEN_CHARS} characters together: settle some, or use another topic.`,
  );
}

export function openTakesTooMuch(bytes: number): EventsError {
  return new EventsError(
    'TOO_MANY_OPEN',
    `The open events of all topics take ${bytes} bytes, and may take no more: settle some.`,
  );
}
