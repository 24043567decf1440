import { type ErrorCode, EventsError } from '../../shared/errors.ts';

/** The reason why no run was begun, for whoever has asked for one. An error that is not ours keeps its words for the log. */
export function refusalOf(error: unknown): { code: ErrorCode; message: string } {
  if (error instanceof EventsError) return { code: error.code, message: error.message };
  return { code: 'UNAVAILABLE', message: 'The server failed to begin the run: its log says why.' };
}
