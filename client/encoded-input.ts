import { type ErrorCode, EventsError } from '../shared/errors.ts';
import { transformer } from '../shared/transformer.ts';
import { toError } from './to-error.ts';

/** The code of an input that is the caller's mistake: of an event, or of anything else. */
export type InputCode = Extract<ErrorCode, 'INVALID_EVENT' | 'INVALID_OPTION'>;

/**
 * An input as it goes on the wire. It is made where a call begins, so that an input that cannot be sent fails there,
 * at once and by name: within tRPC's client it would look like a lost connection. All tries send the same.
 */
export class EncodedInput {
  readonly wire: ReturnType<typeof transformer.serialize>;
  /** Length of its text, in characters. */
  readonly length: number;

  /**
   * @param path the procedure, for the error
   * @throws EventsError `code` when the input cannot be sent; its issue names the field
   */
  constructor(code: InputCode, path: string, input: unknown) {
    this.wire = ofInput(code, path, input, () => transformer.serialize(input));
    this.length = ofInput(code, path, undefined, () => JSON.stringify(this.wire).length);
  }
}

/**
 * Runs what makes something of an input.
 * @throws EventsError `code` when the input would not arrive as it is, or cannot be read; what `make` throws of ours
 */
export function ofInput<T>(code: InputCode, path: string, input: unknown, make: () => T): T {
  let problem: Problem | null;
  try {
    problem = problemIn(input, new Set());
    if (!problem) return make();
  } catch (cause) {
    if (cause instanceof EventsError) throw cause;
    throw unsendable(code, path, { path: [], message: toError(cause).message }, cause);
  }
  throw unsendable(code, path, problem);
}

interface Problem {
  /** The field, outermost first. */
  readonly path: (string | number)[];
  readonly message: string;
}

function unsendable(code: InputCode, path: string, problem: Problem, cause?: unknown): EventsError {
  const where = problem.path.length > 0 ? `${problem.path.join('.')}: ` : '';
  return new EventsError(code, `${path}: the input cannot be sent: ${where}${problem.message}`, {
    issues: [problem],
    cause,
  });
}

/** @param around the objects that the value lies in */
function problemIn(value: unknown, around: Set<unknown>): Problem | null {
  if (typeof value === 'function' || typeof value === 'symbol') {
    return { path: [], message: `a ${typeof value} is no data` };
  }
  if (typeof value !== 'object' || value === null) return null;
  if (around.has(value)) return { path: [], message: 'it contains itself' };
  around.add(value);
  const problem = problemBelow(value, around);
  around.delete(value);
  return problem;
}

function problemBelow(value: object, around: Set<unknown>): Problem | null {
  if (Array.isArray(value) || value instanceof Set) return problemAmong(value, around);
  if (value instanceof Map) return problemAmong(value.keys(), around) ?? problemAmong(value.values(), around);
  const prototype: unknown = Object.getPrototypeOf(value);
  // Instances of classes are the transformer's business: it knows which of them it can send.
  if (prototype !== null && prototype !== Object.prototype) return null;
  for (const key of Object.keys(value)) {
    let field: unknown;
    try {
      field = Reflect.get(value, key);
    } catch (cause) {
      return { path: [key], message: `it cannot be read: ${toError(cause).message}` };
    }
    const problem = problemIn(field, around);
    if (problem) return { ...problem, path: [key, ...problem.path] };
  }
  return null;
}

function problemAmong(items: Iterable<unknown>, around: Set<unknown>): Problem | null {
  let index = 0;
  for (const item of items) {
    const problem = problemIn(item, around);
    if (problem) return { ...problem, path: [index, ...problem.path] };
    index++;
  }
  return null;
}
