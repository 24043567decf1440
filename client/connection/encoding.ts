import { type ErrorCode, EventsError } from '../../shared/errors.ts';
import { encode } from '../../shared/wire/encode.ts';
import type { Encoded } from '../../shared/wire/format.ts';
import { decodeOutput, encodePlainly } from '../../shared/wire/transformer.ts';
import { toError } from '../failures/errors.ts';

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
      throw unsendableInput(code, path, cause);
    }
  }
}

/** The error for an input that is no data. @param cause tells which part of it, if it is one of ours */
export function unsendableInput(code: InputCode, path: string, cause: unknown): EventsError {
  const [issue = { path: [], message: toError(cause).message }] =
    cause instanceof EventsError ? cause.issues : [];
  const where = issue.path.length > 0 ? `${issue.path.join('.')}: ` : '';
  return new EventsError(code, `${path}: the input cannot be sent: ${where}${issue.message}`, {
    issues: [issue],
    cause,
  });
}

/** Without the keys whose value is undefined: plain JSON then stays plain JSON on the wire. */
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
 * An answer that could not be decoded, in its place: tRPC's client would lose it with an uncaught exception, and the
 * call would wait for ever. It has the shape of an error answer, for it may stand where one was.
 */
class UndecodableAnswer {
  readonly code = -32700; // JSON-RPC's "parse error"
  readonly data = { reason: 'INVALID_EVENT' };
  readonly message: string;

  constructor(cause: unknown) {
    this.message = `What the server sent cannot be decoded: ${toError(cause).message}`;
  }
}

/** The answer. @throws EventsError INVALID_EVENT when it could not be decoded: asked again it would be the same */
export function checkAnswer<T>(answer: T): T {
  if (answer instanceof UndecodableAnswer) throw new EventsError('INVALID_EVENT', answer.message);
  return answer;
}
