import { type ErrorCode, EventsError } from '../../shared/errors.ts';
import { encode } from '../../shared/wire/encode.ts';
import type { Encoded } from '../../shared/wire/format.ts';
import { decodeOutput, encodePlainly } from '../../shared/wire/transformer.ts';
import { toError } from '../failures/errors.ts';

/** The error code of an input that cannot be sent: of an event, or of any other input. */
export type InputCode = Extract<ErrorCode, 'INVALID_EVENT' | 'INVALID_OPTION'>;

/**
 * An input as it goes on the wire. It is encoded where a call begins, so that an input that cannot be sent fails there,
 * at once and by name; within tRPC's client it would look like a lost connection. Every try sends this one encoding.
 */
export class EncodedInput {
  readonly wire: Encoded;

  /**
   * @param path the procedure, for the error
   * @throws EventsError `code` when the input would not arrive as it is; its issue names the field
   */
  constructor(code: InputCode, path: string, input: unknown) {
    try {
      this.wire = encode(input, { lossless: true });
    } catch (cause) {
      throw unsendableInput(code, path, cause);
    }
  }
}

/** The error of an input that cannot be sent. @param cause names the field, if it is an error of ours */
export function unsendableInput(code: InputCode, path: string, cause: unknown): EventsError {
  const [issue = { path: [], message: toError(cause).message }] =
    cause instanceof EventsError ? cause.issues : [];
  const where = issue.path.length > 0 ? `${issue.path.join('.')}: ` : '';
  return new EventsError(code, `${path}: the input cannot be sent: ${where}${issue.message}`, {
    issues: [issue],
    cause,
  });
}

/** Leaves out the keys whose value is undefined, so that plain JSON stays plain JSON on the wire. */
export function definedOnly<T extends object>(value: T): Partial<T> {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as Partial<T>;
}

/**
 * The project's transformer: inputs are encoded before they come here, answers are decoded without a deep copy of what
 * is plain JSON and was parsed for us alone, and neither throws in the midst of tRPC's client.
 */
export const wireTransformer = {
  input: {
    serialize: (input: unknown) => (input instanceof EncodedInput ? input.wire : encodePlainly(input)),
    deserialize: decodeOutput, // only servers decode inputs
  },
  output: {
    serialize: encodePlainly, // and only they encode outputs
    deserialize: (value: Encoded): unknown => {
      try {
        return decodeOutput(value);
      } catch (cause) {
        return new UndecodableAnswer(cause);
      }
    },
  },
};

/**
 * Replaces an answer that could not be decoded. An exception would be uncaught in tRPC's client, and the call would wait
 * for ever. It has the shape of an error, since it may replace one.
 */
class UndecodableAnswer {
  readonly code = -32700; // JSON-RPC's "parse error"
  readonly data = { reason: 'INVALID_EVENT' };
  readonly message: string;

  constructor(cause: unknown) {
    this.message = `What the server sent cannot be decoded: ${toError(cause).message}`;
  }
}

/** Returns the answer. @throws EventsError INVALID_EVENT when it could not be decoded, nor would it be the next time */
export function checkAnswer<T>(answer: T): T {
  if (answer instanceof UndecodableAnswer) throw new EventsError('INVALID_EVENT', answer.message);
  return answer;
}
