import type { OpenFacts } from './kinds.ts';
import { type OpenPart, SETTLED_STATES } from './open-part.ts';

/** Longest id of an open event. */
const MAX_ID = 128;

/**
 * Tells what is wrong with the open part of an envelope that somebody else may have written; null: nothing.
 * @param facts of its event; undefined: every such event is complete
 */
export function whyNoOpenPart(part: unknown, facts: OpenFacts | undefined): string | null {
  if (facts === undefined || facts.kind === 'ephemeral') return 'such an event is never open';
  if (typeof part !== 'object' || part === null) return 'open is no object';
  const { id, kind, state, field } = part as Record<string, unknown>;
  if (typeof id !== 'string' || id.length < 1 || id.length > MAX_ID)
    return `open.id is no text of 1–${MAX_ID} characters`;
  if (kind !== facts.kind) return `open.kind is not ${facts.kind}`;
  const states: readonly unknown[] = ['open', ...SETTLED_STATES[facts.kind]];
  if (!states.includes(state)) return `open.state is none of ${states.join(', ')}`;
  return field === undefined || field === facts.field ? null : 'open.field is not the field that grows';
}

/** Tells what is wrong with an answer in an envelope, or with its absence; null: nothing. @param state of the open part, if there is one */
export function whyNoAnswer(state: OpenPart['state'] | undefined, hasAnswer: boolean): string | null {
  return (state === 'answered') === hasAnswer
    ? null
    : 'an event has an answer if, and only if, it is a question that was answered';
}
