import { type ErrorCode, EventsError } from '../../shared/errors.ts';
import { encode } from '../../shared/wire/encode.ts';
import type { Encoded } from '../../shared/wire/format.ts';
import { toError } from '../failures/to-error.ts';

/** The code of an input that is the caller's mistake: of an event, or of anything else. */
export type InputCode = Extract<ErrorCode, 'INVALID_EVENT' | 'INVALID_OPTION'>;

/**
 * An input as it goes on the wire. It is made where a call begins, so that an input that cannot be sent fails there,
 * at once and by name: within tRPC's client it would look like a lost connection. All tries send the same.
 */
export class EncodedInput {
  readonly wire: Encoded;
  /** Length of its text, in characters. */
  readonly length: number;

  /**
   * @param path the procedure, for the error
   * @throws EventsError `code` when the input would not arrive as it is; its issue names the field
   */
  constructor(code: InputCode, path: string, input: unknown) {
    try {
      this.wire = encode(input, { lossless: true });
      this.length = JSON.stringify(this.wire).length;
    } catch (cause) {
      throw unsendable(code, path, cause);
    }
  }
}

/** The error for an input that is no data. @param cause tells which part of it, if it is one of ours */
export function unsendable(code: InputCode, path: string, cause: unknown): EventsError {
  const [issue = { path: [], message: toError(cause).message }] =
    cause instanceof EventsError ? cause.issues : [];
  const where = issue.path.length > 0 ? `${issue.path.join('.')}: ` : '';
  return new EventsError(code, `${path}: the input cannot be sent: ${where}${issue.message}`, {
    issues: [issue],
    cause,
  });
}
