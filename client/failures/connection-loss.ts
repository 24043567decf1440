import { ERRORS, EventsError } from '../../shared/errors.ts';
import type { ConnectionState } from './connection-state.ts';

/**
 * Codes of Node's errors that no waiting mends: the certificate is not one for that address, TLS meets a server without
 * it, or whatever answers speaks no HTTP.
 */
const WRONG_ADDRESS =
  /^(?:CERT_|ERR_TLS_|ERR_SSL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH|HPE_|EPROTO$)/;

/** Why there is no connection; of another code than UNAVAILABLE where that is known. */
export function lossError(error: Error): EventsError {
  const code = error instanceof EventsError ? error.code : 'UNAVAILABLE';
  return new EventsError(code, `No connection: ${describeLoss(error)}`, { cause: error });
}

/**
 * The error of calls that are not to wait for a connection: something answers at the address that is no server which
 * will take them. Null where waiting can help. The connection itself goes on trying, for the address may
 * be one where a server is about to be put.
 */
export function refusalOf({ status, error }: ConnectionState): EventsError | null {
  if (status === 'live' || status === 'closed') return null;
  return error instanceof EventsError && !ERRORS[error.code].retry ? error : null;
}

/** Tells if nothing answered because the address is wrong, as far as that is known: DNS may learn a name later. */
export function isWrongAddress(error: unknown): boolean {
  const cause = rootOf(error);
  if (!(cause instanceof Error)) return false;
  if (cause.message === 'bad port') return true; // one that fetch refuses to ask
  return 'code' in cause && typeof cause.code === 'string' && WRONG_ADDRESS.test(cause.code);
}

/** The code that a call's socket was closed with, if that is why it failed. */
export function closeCodeOf(error: unknown): number | undefined {
  const cause = rootOf(error);
  if (typeof cause !== 'object' || cause === null || !('code' in cause)) return undefined;
  return typeof cause.code === 'number' ? cause.code : undefined;
}

/** Tells if an attempt failed before the server was asked: a token that cannot be had is no matter of the network. */
export function isOwnFailure(error: unknown): boolean {
  return error instanceof EventsError || (error instanceof Error && isOwnFailure(error.cause));
}

/** Describes the end of a chain of causes in words. */
export function describeLoss(error: unknown): string {
  const cause = rootOf(error);
  if (typeof cause !== 'object' || cause === null) return String(cause);
  if ('code' in cause && typeof cause.code === 'number') {
    return describeClose(cause.code, 'reason' in cause ? String(cause.reason) : '');
  }
  if ('message' in cause && cause.message) {
    const message = String(cause.message).trim();
    if (!message.includes('wrong version number')) return message;
    return 'what answers there speaks no TLS: use http:// or ws:// in place of https:// or wss://';
  }
  // Node's word for a host of which every address was refused has no message.
  if ('code' in cause && typeof cause.code === 'string') return cause.code;
  return 'the server cannot be reached';
}

export function describeClose(code: number, reason: string): string {
  return `closed with ${code}${reason && ` ${reason}`}`;
}

function rootOf(error: unknown): unknown {
  let cause = error;
  while (cause instanceof Error && cause.cause !== undefined) cause = cause.cause;
  return cause;
}
