import { TRPCClientError } from '@trpc/client';
import type { AppRouter } from '../server/index.ts';
import type { AnyCatalog } from '../shared/catalog.ts';
import { ERRORS, type ErrorCode, EventsError } from '../shared/errors.ts';
import { describeLoss } from './connection-loss.ts';

/**
 * What a call failed with, as an error of the project: the server's own code and issues, UNAVAILABLE where no answer
 * came or the server was not able to give one, OVERLOADED where it turned the call away. What the server refuses for
 * another reason (a token, a permission, a wrong address) stays tRPC's error.
 */
export function toClientError(error: unknown): Error {
  if (!(error instanceof TRPCClientError)) return error instanceof Error ? error : new Error(String(error));
  if (error.cause instanceof EventsError) return error.cause; // our own, of an input that cannot be sent
  const cause: TRPCClientError<AppRouter<AnyCatalog>> = error;
  const reason = cause.data?.reason;
  if (isErrorCode(reason)) {
    // CLOSED is this client's own word; a server that closes is, seen from here, one that is not there.
    const code = reason === 'CLOSED' ? 'UNAVAILABLE' : reason;
    const { issues = [], retryAfterMs } = cause.data ?? {};
    return new EventsError(code, cause.message, { issues, retryAfterMs, cause });
  }
  const status =
    cause.data?.httpStatus ?? (cause.cause instanceof HttpStatusError ? cause.cause.status : undefined);
  if (status === 429) return new EventsError('OVERLOADED', cause.message, { cause });
  if (status === undefined) {
    return new EventsError('UNAVAILABLE', `No answer from the server: ${describeLoss(cause)}`, { cause });
  }
  return status >= 500 || status === 408 ? new EventsError('UNAVAILABLE', cause.message, { cause }) : cause;
}

/** An HTTP answer that is not tRPC's. */
export class HttpStatusError extends Error {
  override readonly name = 'HttpStatusError';
  readonly status: number;

  constructor(status: number) {
    super(`The server answered with HTTP status ${status}`);
    this.status = status;
  }
}

/** Whether trying again can help. */
export function isRetryable(error: Error): boolean {
  return error instanceof EventsError && ERRORS[error.code].retry;
}

/** The error of a client that was closed. */
export function closedError(cause?: Error | null): EventsError {
  return cause
    ? new EventsError('CLOSED', `The connection is closed: ${cause.message}`, { cause })
    : new EventsError('CLOSED', 'The client is closed.');
}

/** Hands an error that nobody asked for to the host, without ending anything: the default `onError` of a client. */
export function reportUncaught(error: Error): void {
  if (typeof globalThis.reportError === 'function') globalThis.reportError(error);
  else console.error(error);
}

function isErrorCode(reason: unknown): reason is ErrorCode {
  // A newer server may know codes that we do not.
  return typeof reason === 'string' && Object.hasOwn(ERRORS, reason);
}
