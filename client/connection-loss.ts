import { EventsError } from '../shared/errors.ts';

/** Why there is no connection. */
export function lossError(error: Error): EventsError {
  return new EventsError('UNAVAILABLE', `No connection: ${describeLoss(error)}`, { cause: error });
}

/** The code that a call's socket was closed with, if that is why it failed. */
export function closeCodeOf(error: unknown): number | undefined {
  const cause = rootOf(error);
  if (typeof cause !== 'object' || cause === null || !('code' in cause)) return undefined;
  return typeof cause.code === 'number' ? cause.code : undefined;
}

/** What is at the end of a chain of causes, in words. */
export function describeLoss(error: unknown): string {
  const cause = rootOf(error);
  if (typeof cause !== 'object' || cause === null) return String(cause);
  if ('code' in cause && typeof cause.code === 'number') {
    return describeClose(cause.code, 'reason' in cause ? String(cause.reason) : '');
  }
  return 'message' in cause && cause.message ? String(cause.message) : 'the server cannot be reached';
}

export function describeClose(code: number, reason: string): string {
  return `closed with ${code}${reason && ` ${reason}`}`;
}

function rootOf(error: unknown): unknown {
  let cause = error;
  while (cause instanceof Error && cause.cause !== undefined) cause = cause.cause;
  return cause;
}
