import type { TRPCError } from '@trpc/server';
import type { Logger } from '../logger.ts';

/** Logs a request that failed: a fault of the server as an error, a fault of the client for debugging. Never its input. */
export function logFailure(logger: Logger, { error, path, type }: Failure): void {
  const { code, message } = error;
  if (code === 'INTERNAL_SERVER_ERROR')
    logger.error({ path, type, err: error.cause ?? error }, 'A request failed');
  else if (code === 'SERVICE_UNAVAILABLE') logger.warn({ path, type, reason: message }, 'A request failed');
  else logger.debug({ path, type, code, reason: message }, 'A request was refused');
}

interface Failure {
  error: TRPCError;
  path: string | undefined;
  type: string;
}
