import type { Logger } from '../../server/telemetry/logger.ts';
import { type ErrorCode, EventsError } from '../../shared/errors.ts';

/** The reason why no run was begun, for whoever has asked for one. An error that is not ours keeps its words for the log. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
}

/**
 * Tells why no run was begun. The log has it before, whatever comes of that: a fault of the server as an error, a mistake of
 * whoever has asked for debugging.
 * @throws Error what telling throws
 */
export async function refuse(
  error: unknown,
  { logger, ...asked }: { logger: Logger; topic: string; run: string },
  tell: (refusal: Refusal) => Promise<unknown>,
): Promise<void> {
  const refusal: Refusal =
    error instanceof EventsError
      ? { code: error.code, message: error.message }
      : { code: 'UNAVAILABLE', message: 'The server failed to begin the run: its log says why.' };
  const level = !(error instanceof EventsError) ? 'error' : refusal.code === 'UNAVAILABLE' ? 'warn' : 'debug';
  logger[level]({ ...asked, err: error }, 'A run was not begun');
  await tell(refusal);
}
