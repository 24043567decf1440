import type { AnyCatalog } from '../../../shared/catalog.ts';
import { EventsError } from '../../../shared/errors.ts';
import type { EntryStamp } from '../../../shared/log.ts';
import { MAX_REASON } from '../../../shared/open/bounds.ts';
import { whyNoAnswer, whyNoOpenPart } from '../../../shared/open/check-open-part.ts';
import type { OpenPart } from '../../../shared/open/open-part.ts';

/** The end of an open event in the log that it is copied from: its envelope has this beside the data. */
export interface CopiedSettlement {
  /** Its id, and the state in which it was settled. */
  open: OpenPart;
  /** The answer, of a question that was answered. */
  answer?: unknown;
}

/**
 * The stamp of a settlement that is copied from another log.
 * @throws EventsError INVALID_EVENT for an event that is still open, that no log has, or that cannot be settled so
 */
export function copiedStamp(
  catalog: AnyCatalog,
  type: string,
  { open, answer }: CopiedSettlement,
): Pick<EntryStamp, 'answer'> & { open: OpenPart } {
  catalog.versionOf(type); // throws for an event that is not there
  const why = whyNoOpenPart(open, catalog.opens[type]);
  if (why !== null) throw invalid('open', why);
  const { id, kind, state, field, reason } = open;
  if (state === 'open') throw invalid('open', 'the event is still open: begin it, since it needs an owner');
  if (kind === 'presence') throw invalid('open', 'a presence is no record of a log: join it');
  const wrong = whyNoAnswer(state, answer !== undefined);
  if (wrong !== null) throw invalid('answer', wrong);
  if (reason !== undefined && reason.length > MAX_REASON)
    throw invalid('open', `open.reason is longer than ${MAX_REASON} characters`);
  const part: OpenPart = { id, kind, state };
  if (field !== undefined) part.field = field;
  if (reason !== undefined) part.reason = reason;
  return { open: part, ...(answer !== undefined && { answer: catalog.parseAnswer(type, answer) }) };
}

function invalid(field: 'open' | 'answer', message: string): EventsError {
  return new EventsError('INVALID_EVENT', `Invalid event: ${field}: ${message}`, {
    issues: [{ path: [field], message }],
  });
}
