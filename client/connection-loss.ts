import { EventsError } from '../shared/errors.ts';

/** Why there is no connection: the first thing in a chain of causes that says more than "closed". */
export function lossError(error: Error): EventsError {
  let cause: unknown = error;
  while (cause instanceof Error && cause.cause !== undefined) cause = cause.cause;
  return new EventsError('UNAVAILABLE', `No connection: ${describe(cause)}`, { cause: error });
}

function describe(cause: unknown): string {
  if (typeof cause !== 'object' || cause === null) return String(cause);
  if ('code' in cause && typeof cause.code === 'number') {
    return describeClose(cause.code, 'reason' in cause ? String(cause.reason) : '');
  }
  return 'message' in cause && cause.message ? String(cause.message) : 'the server cannot be reached';
}

export function describeClose(code: number, reason: string): string {
  return `closed with ${code}${reason && ` ${reason}`}`;
}
