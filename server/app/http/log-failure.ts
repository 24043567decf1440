import type { TRPCError } from '@trpc/server';
import { EventsError } from '../../../shared/errors.ts';
import type { Instruments } from '../../telemetry/instruments.ts';
import type { Logger } from '../../telemetry/logger.ts';

export interface Failure {
  error: TRPCError;
  path: string | undefined;
  type: string;
  /** Its way in: a request over HTTP, or a WebSocket, by the id that the log has for it. */
  from: { request: string } | { connection: string };
}

/** Codes of what a peer of a WebSocket does: it breaks the protocol, or hangs up. */
const OF_PEERS = /^(WS_ERR_|ECONNRESET$|EPIPE$|ETIMEDOUT$)/;

interface Reporters {
  logger: Logger;
  instruments: Instruments;
}

/** Counts and logs a request that failed: a fault of the server as an error, a fault of the client for debugging. Never its input. */
export function logFailure({ logger, instruments }: Reporters, { error, path, type, from }: Failure): void {
  const { cause } = error;
  const code = codeOf(error, type);
  if (code === 'CLOSED') return; // the client left before its answer: nothing was refused
  instruments.refused(code);
  const fields = {
    ...from,
    path,
    type,
    code,
    reason: (cause instanceof EventsError ? cause : error).message,
  };
  if (code === 'INTERNAL_SERVER_ERROR')
    logger.error({ ...from, path, type, err: cause ?? error }, 'A request failed');
  else if (code === 'UNAVAILABLE') logger.warn(fields, 'A request failed');
  else logger.debug(fields, 'A request was refused');
}

function codeOf({ cause, code }: TRPCError, type: string): string {
  if (cause instanceof EventsError) return cause.code;
  const isOfConnection = type === 'unknown' && cause instanceof Error && 'code' in cause;
  return isOfConnection && OF_PEERS.test(String(cause.code)) ? 'PARSE_ERROR' : code;
}
