import type { TRPCClientError } from '@trpc/client';
import type { AppRouter } from '../../server/index.ts';
import type { AnyCatalog } from '../../shared/catalog.ts';
import { ERRORS, type ErrorCode, EventsError } from '../../shared/errors.ts';
import { describeLoss, isWrongAddress } from './connection-loss.ts';
import { codeOfStatus, retryAfterMs } from './http-status.ts';

/**
 * The failure of a call or subscription as an error of the project: with the server's own code and issues where it gave
 * some, else with the code of its status, else, where nothing answered, UNAVAILABLE. So one table, `ERRORS`, says for
 * clients, publishers and subscriptions alike what is tried again.
 */
export function toClientError(failure: unknown): Error {
  if (!isTrpcFailure(failure)) return toError(failure);
  const { cause } = failure;
  if (cause instanceof EventsError) return cause;
  const { reason, issues, httpStatus, retryAfterMs = retryAfterOf(failure) } = failure.data ?? {};
  const details = { issues: issues ?? [], retryAfterMs, cause: failure };
  // CLOSED is this client's own word; a server that closes is, seen from here, one that is not there.
  if (isErrorCode(reason)) {
    return new EventsError(reason === 'CLOSED' ? 'UNAVAILABLE' : reason, failure.message, details);
  }
  if (httpStatus !== undefined) {
    return new EventsError(codeOfStatus(httpStatus), withAdvice(failure), details);
  }
  return unanswered(failure);
}

/** The error of a call that nothing answered. */
function unanswered(cause: Error): EventsError {
  const code = isWrongAddress(cause) ? 'INVALID_OPTION' : 'UNAVAILABLE';
  return new EventsError(code, `No answer from the server: ${describeLoss(cause)}`, { cause });
}

/** The failure of a request within tRPC's client: as it is if it is an answer or one of ours, else that there was none. */
export function toFailure(thrown: unknown): Error {
  const error = toError(thrown);
  return isTrpcFailure(error) || error instanceof EventsError ? error : unanswered(error);
}

/** Told by its name: the class is in a module of tRPC's client that brings all of it into a page's bundle. */
function isTrpcFailure(error: unknown): error is TRPCClientError<AppRouter<AnyCatalog>> {
  return error instanceof Error && error.name === 'TRPCClientError';
}

/** Tells if trying again can help. */
export function isRetryable(error: Error): boolean {
  return error instanceof EventsError && ERRORS[error.code].retry;
}

/** The error of a client that was closed. */
export function closedError(cause?: Error | null): EventsError {
  return cause
    ? new EventsError('CLOSED', `The connection is closed: ${cause.message}`, { cause })
    : new EventsError('CLOSED', 'The client is closed.');
}

/** tRPC's own words for a procedure that is not there name its path, which its caller never wrote. */
function withAdvice({ message, data }: TRPCClientError<AppRouter<AnyCatalog>>): string {
  return data?.code === 'NOT_FOUND'
    ? `${message}: is there such an event, and is \`path\` the key of the events in the server's router?`
    : message;
}

function retryAfterOf({ meta }: TRPCClientError<AppRouter<AnyCatalog>>): number | undefined {
  return meta?.['response'] instanceof Response ? retryAfterMs(meta['response'].headers) : undefined;
}

function isErrorCode(reason: unknown): reason is ErrorCode {
  // A newer server may know codes that we do not.
  return typeof reason === 'string' && Object.hasOwn(ERRORS, reason);
}

/** Anything that was thrown, as an error. */
export function toError(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown;
  try {
    return new Error(String(thrown));
  } catch {
    return new Error('something that has no words was thrown');
  }
}
