import { TRPCError } from '@trpc/server';
import { ZodError } from 'zod';
import { ERRORS, type ErrorCode, EventsError, type Issue, toIssues } from '../../shared/errors.ts';
import { LogUnavailable } from '../broker/broker.ts';

/** The project's errors under their tRPC codes; all others as they are. */
export function asTRPCError(error: TRPCError): TRPCError {
  const { cause } = error;
  return cause instanceof EventsError ? toTRPCError(cause) : error;
}

/** Makes the error that ended a stream one for its tRPC client: the project's errors under their tRPC codes, all others as they are. */
export function toldError(error: unknown): unknown {
  return error instanceof EventsError ? toTRPCError(error) : error;
}

/** A stream whose error is told by {@link toldError}. */
export async function* tellErrors<T>(items: AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
  try {
    yield* items;
  } catch (error) {
    throw toldError(error);
  }
}

/** Message to clients where the log cannot be used. */
const LOG_UNAVAILABLE =
  'The log of events cannot be reached: try again later. What was sent may have been stored: publish it again with the same idempotencyKey.';

/** An error of the project, as tRPC answers it. */
export function toTRPCError(error: EventsError): TRPCError {
  const message = error instanceof LogUnavailable ? LOG_UNAVAILABLE : error.message;
  return new TRPCError({ code: ERRORS[error.code].trpc, message, cause: error });
}

/** Fields that our error formatter adds to an error's `data`, so that a client need not read messages. */
export interface ErrorDetails {
  /** The project's code, where it is an error of ours; INVALID_OPTION for an input of the wrong shape. */
  reason: ErrorCode | null;
  /** Faults of the input, field by field. */
  issues: readonly Issue[];
  /** Ms after which trying again can help, where that is known. */
  retryAfterMs?: number;
}

export function errorDetails(error: TRPCError): ErrorDetails {
  const { cause } = error;
  if (cause instanceof EventsError) {
    const { code: reason, issues, retryAfterMs } = cause;
    return { reason, issues, ...(retryAfterMs !== undefined && { retryAfterMs }) };
  }
  if (cause instanceof ZodError) return { reason: 'INVALID_OPTION', issues: toIssues(cause) };
  return { reason: null, issues: [] };
}
