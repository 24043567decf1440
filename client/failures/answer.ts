import { EventsError } from '../../shared/errors.ts';
import { toError } from './to-error.ts';

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

/** Decodes an answer; it never throws, see {@link checkAnswer}. */
export function decodeAnswer(decode: () => unknown): unknown {
  try {
    return decode();
  } catch (cause) {
    return new UndecodableAnswer(cause);
  }
}

/** The answer. @throws EventsError INVALID_EVENT when it could not be decoded: asked again it would be the same */
export function checkAnswer<T>(answer: T): T {
  if (answer instanceof UndecodableAnswer) throw new EventsError('INVALID_EVENT', answer.message);
  return answer;
}

/** Tells if JSON that came over HTTP was written by tRPC: a proxy's own is not. */
export function isTrpcAnswer(answer: unknown): answer is object {
  if (typeof answer !== 'object' || answer === null) return false;
  const part = 'result' in answer ? answer.result : 'error' in answer && answer.error;
  return typeof part === 'object' && part !== null;
}
