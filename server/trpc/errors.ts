import { type TRPCDefaultErrorShape, TRPCError } from '@trpc/server';
import { ZodError } from 'zod';
import {
  clipText,
  ERRORS,
  type ErrorCode,
  EventsError,
  formatIssues,
  type Issue,
  toIssues,
} from '../../shared/errors.ts';
import type { Settlement } from '../../shared/open/open-part.ts';
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

/** Bytes of a procedure's path in an error: those of ours are short. */
const MAX_PATH_BYTES = 256;

/** Message to clients where the log cannot be used. */
const LOG_UNAVAILABLE =
  'The log of events cannot be reached: try again later. A published event may have been stored: publish it again with the same idempotencyKey.';

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
  /** With ALREADY_SETTLED: how the event was settled, and by whom. An answer is not told: it may be long, or not for all. */
  settled?: Omit<Settlement, 'answer'>;
  /** With CONFLICT: the length of the text that there is, in UTF-16 code units. */
  length?: number;
}

function errorDetails(error: TRPCError): ErrorDetails {
  const { cause } = error;
  if (cause instanceof EventsError) {
    const { code: reason, issues, retryAfterMs, settled, length } = cause;
    return {
      ...{ reason, issues },
      ...(retryAfterMs !== undefined && { retryAfterMs }),
      ...(settled && { settled: withoutAnswer(settled) }),
      ...(length !== undefined && { length }),
    };
  }
  if (cause instanceof ZodError) return { reason: 'INVALID_OPTION', issues: toIssues(cause) };
  return { reason: null, issues: [] };
}

function withoutAnswer({ answer: _, ...settled }: Settlement): Omit<Settlement, 'answer'> {
  return settled;
}

/** An error as a client of tRPC gets it, with the {@link ErrorDetails} in its `data`. */
export type EventsErrorShape = Omit<TRPCDefaultErrorShape, 'data'> & {
  data: TRPCDefaultErrorShape['data'] & ErrorDetails;
};

/** Arguments of an error formatter. */
interface Formatted {
  shape: TRPCDefaultErrorShape;
  error: TRPCError;
}

/**
 * The error formatter of a tRPC application that mounts events: it adds `reason`, `issues` and, where that is known,
 * `retryAfterMs` to an error's `data`, and leaves the rest as it is. Without it clients have tRPC's codes alone, and
 * cannot tell an expired token from a wrong one, or which field of an event is wrong.
 *
 * @example
 * const t = initTRPC.context<Context>().create({ transformer, errorFormatter });
 * @example
 * // Beside one's own: its data is one's own to extend.
 * initTRPC.create({ errorFormatter: (options) => withTraceId(errorFormatter(options)) });
 */
export function errorFormatter({ shape, error }: Formatted): EventsErrorShape {
  return { ...shape, data: { ...shape.data, ...errorDetails(error) } };
}

/**
 * The formatter of our own router, which strangers call: the message of an error that nobody expected is for the log,
 * and what quotes an input is cut.
 */
export function strictErrorFormatter({ shape, error }: Formatted): EventsErrorShape {
  const { data } = errorFormatter({ shape, error });
  // zod's own message is a JSON array.
  const wrongShape = data.reason === 'INVALID_OPTION' && data.issues.length > 0;
  const masked = error.code === 'INTERNAL_SERVER_ERROR';
  const message = wrongShape
    ? formatIssues(data.issues)
    : masked
      ? 'Internal server error'
      : clipText(shape.message); // tRPC's own quote the path, which may be as long as a message
  const { path } = data;
  return {
    ...shape,
    message,
    data: { ...data, ...(path !== undefined && { path: clipText(path, MAX_PATH_BYTES) }) },
  };
}
