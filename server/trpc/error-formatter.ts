import type { TRPCDefaultErrorShape, TRPCError } from '@trpc/server';
import { clipText, formatIssues } from '../../shared/errors.ts';
import { type ErrorDetails, errorDetails } from './errors.ts';

/** Bytes of a procedure's path in an error: those of ours are short. */
const MAX_PATH_BYTES = 256;

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
