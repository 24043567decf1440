import { EventsError, isRetryable } from '../errors.ts';

/** The error of text that was not sent, and what is done about it. */
export function unsentError(error: unknown): unknown {
  if (!(error instanceof EventsError) || !isRetryable(error)) return error;
  const message = `${error.message} The text is kept, and sent with the next append, or with done.`;
  return new EventsError(error.code, message, { ...error, cause: error });
}
