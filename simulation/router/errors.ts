import { TRPCError } from '@trpc/server';
import { ERRORS, EventsError } from '../../shared/index.ts';

/** The project's errors under their tRPC codes; all others as they are. */
export function asTRPCError(error: TRPCError): TRPCError {
  const { cause } = error;
  if (!(cause instanceof EventsError)) return error;
  return new TRPCError({ code: ERRORS[cause.code].trpc, message: cause.message, cause });
}
