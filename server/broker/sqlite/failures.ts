import { EventsError, messageOf } from '../../../shared/errors.ts';
import { LogUnavailable } from '../log-unavailable.ts';

/** SQLite's result codes that have a remedy of their own. */
const REMEDIES: Readonly<Record<number, string>> = {
  5: 'another process has it open; one process at a time can',
  8: 'it may not be written to',
  10: 'the disk failed, or is full; free space and try again',
  11: 'it is damaged; move it away, or recover what it holds with: sqlite3 <file> .recover',
  13: 'the disk, or what `maxFileBytes` allows, is full; free space and publishing goes on',
  14: 'it cannot be opened; its directory must exist, and both must be writable',
  26: 'it is not a log of events; name another file',
};

/** A failure of the file as the UNAVAILABLE that callers know, with what to do about it. */
export function unavailable(path: string, cause: unknown): EventsError {
  if (cause instanceof EventsError) return cause;
  const remedy = cause instanceof Error && 'errcode' in cause ? REMEDIES[Number(cause.errcode) & 0xff] : null;
  return new LogUnavailable(`${path}: ${remedy ?? messageOf(cause)}.`, cause);
}

/** A log that holds something else than it must. */
export function damaged(path: string, what: string): EventsError {
  return new LogUnavailable(`${path}: ${REMEDIES[11]}. Found: ${what}.`);
}
