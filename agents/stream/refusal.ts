import type { Logger } from '../../server/telemetry/logger.ts';
import { type ErrorCode, EventsError } from '../../shared/errors.ts';

/** The reason why no run was begun, for whoever has asked for one. An error that is not ours keeps its words for the log. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
}

/**
 * Tells why no run was begun. A mistake of whoever has asked is logged before, for debugging. A fault of the server is thrown
 * after, whatever came of telling: who calls the handler of requests logs and counts it.
 * @throws Error the fault; of another error, what telling throws
 */
export async function refuse(
  error: unknown,
  { logger, ...asked }: { logger: Logger; topic: string; run: string },
  tell: (refusal: Refusal) => Promise<unknown>,
): Promise<void> {
  if (!(error instanceof EventsError)) {
    const message = 'The server failed to begin the run: its log says why.';
    await tell({ code: 'UNAVAILABLE', message }).catch((err: unknown) =>
      logger.warn({ ...asked, err }, 'A refusal could not be told'),
    );
    throw error;
  }
  const { code, message } = error;
  logger[code === 'UNAVAILABLE' ? 'warn' : 'debug']({ ...asked, err: error }, 'A run was not begun');
  await tell({ code, message });
}
