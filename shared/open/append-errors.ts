import { EventsError, isRetryable } from '../errors.ts';
import { MAX_GROWN } from './bounds.ts';

/** Codes of errors after which an event cannot be changed from here. */
const OVER = ['ALREADY_SETTLED', 'NOT_OPEN', 'FORBIDDEN', 'CLOSED'];

/** Tells if an error says that an event cannot be changed from here any more. */
export function isOver(error: unknown): boolean {
  return error instanceof EventsError && OVER.includes(error.code);
}

/** The error of text that was not sent, with what can be done about it. */
export function unsentError(error: unknown): unknown {
  if (!(error instanceof EventsError)) return error;
  const message = `${error.message} ${adviceOn(error)}`;
  return new EventsError(error.code, message, { ...error, cause: error });
}

function adviceOn(error: EventsError): string {
  if (isRetryable(error)) return 'The text is kept, and sent with the next append, or with done.';
  if (isOver(error)) return 'Nothing more can be done with this handle.';
  return 'Abort it, or begin it again with its key and go on from its length.';
}

/** The error of more text than may wait to be sent. */
export function tooMuch(): unknown {
  return unsentError(new EventsError('TOO_LARGE', `More than ${MAX_GROWN} characters wait to be appended.`));
}
