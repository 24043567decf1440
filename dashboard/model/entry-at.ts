import type { PageEventName } from '../events.ts';
import type { Entry } from './log.ts';

/**
 * An entry as it was at a time, Unix ms: a question that was answered later was open, and so was an answer that was aborted
 * later. An answer that is done is left as it is: the words of it that were said are told by `spokenAt`.
 */
export function entryAt<N extends PageEventName>(entry: Entry<N>, at: number): Entry<N> {
  const { open, timestamp } = entry.event;
  if (!open || open.state === 'open' || open.state === 'done' || Date.parse(timestamp) <= at) return entry;
  const { id, kind, field } = open;
  const asked = { id, kind, ...(field !== undefined && { field }), state: 'open' as const };
  const event = { ...entry.event, answer: undefined, open: asked };
  return { ...entry, event };
}
