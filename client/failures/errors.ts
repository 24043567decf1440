import type { TRPCClientError } from '@trpc/client';
import type { AppRouter } from '../../server/index.ts';
import type { AnyCatalog } from '../../shared/catalog.ts';
import { ERRORS, type ErrorCode, EventsError } from '../../shared/errors.ts';
import { describeLoss, isWrongAddress } from './connection-loss.ts';
import { boundedWait, codeOfStatus, retryAfterMs } from './http-status.ts';

/**
 * The failure of a call or subscription as an error of the project. Its code is the server's own if the server gave one,
 * else that of the HTTP status, else UNAVAILABLE, since nothing answered. One table, `ERRORS`, then tells clients,
 * publishers and subscriptions which errors are tried again.
 */
export function toClientError(failure: unknown): Error {
  if (!isTrpcFailure(failure)) return toError(failure);
  const { cause } = failure;
  if (cause instanceof EventsError) return cause;
  const { reason, issues, httpStatus, settled, length } = failure.data ?? {};
  const retryAfterMs = boundedWait(failure.data?.retryAfterMs) ?? retryAfterOf(failure);
  const details = { issues: issues ?? [], retryAfterMs, settled, length, cause: failure };
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

/** The failure of a request within tRPC's client: unchanged if it is an answer or an error of ours, else the error of no answer. */
export function toFailure(thrown: unknown): Error {
  const error = toError(thrown);
  return isTrpcFailure(error) || error instanceof EventsError ? error : unanswered(error);
}

/** Goes by the name: the class is in a module of tRPC's client that would bring all of it into a page's bundle. */
function isTrpcFailure(error: unknown): error is TRPCClientError<AppRouter<AnyCatalog>> {
  return error instanceof Error && error.name === 'TRPCClientError';
}

/** The error of a client that was closed. */
export function closedError(cause?: Error | null): EventsError {
  const isUnauthenticated = cause instanceof EventsError && cause.code === 'UNAUTHENTICATED';
  return cause
    ? new EventsError(
        isUnauthenticated ? cause.code : 'CLOSED',
        `The connection is closed: ${cause.message}`,
        { cause },
      )
    : new EventsError('CLOSED', 'The client is closed.');
}

/** tRPC's message for a procedure that is not there names a path that the caller never wrote: adds what to check. */
function withAdvice({ message, data }: TRPCClientError<AppRouter<AnyCatalog>>): string {
  if (data?.code !== 'NOT_FOUND') return message;
  const kinds = /"(\w+\.)*(begin|answer)\./.test(message)
    ? ' and its kind (begin a growing event, ask or answer a question, join a presence)'
    : '';
  return `${message}. Check that this event exists${kinds}, and that \`path\` is the key of the events in the server's router.`;
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
    return new Error('A value that has no text was thrown');
  }
}
