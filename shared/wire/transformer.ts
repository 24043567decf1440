import { decode, decodeAccepted } from './decode.ts';
import { encode } from './encode.ts';
import type { Encoded } from './format.ts';
import { INPUT_LIMITS, OUTPUT_LIMITS } from './limits.ts';

/**
 * The transformer of the project, for clients and for tRPC routers of your own: superjson's format, so that any client
 * with `transformer: superjson` understands it, with what is registered on superjson's default instance. Give it to
 * `initTRPC.create` in place of superjson where strangers can send something: superjson does whatever an input's
 * annotations ask for, at any cost, before your procedure has said that the input may come.
 *
 * It differs in three things. An object that occurs twice arrives as two equal ones, and one that contains itself is
 * refused. Fields named `constructor`, `prototype` and `__proto__` are data like any other. And an input that is too
 * deep, too large or annotated with something that it is not is a BAD_REQUEST that names the place.
 */
export const transformer = {
  serialize: encodePlainly,
  deserialize: decodeInput,
  stringify: (value: unknown): string => JSON.stringify(encode(value)),
  parse: (text: string): unknown => decodeInput(JSON.parse(text)),
  /** For data that a client sends. */
  input: { serialize: encodePlainly, deserialize: decodeInput },
  /** For answers of a server; its clients believe it. */
  output: { serialize: encodePlainly, deserialize: decodeOutput },
};

/** A value as it is sent where nothing asks whether it comes back as it is. */
export function encodePlainly(value: unknown): Encoded {
  return encode(value);
}

function decodeInput(encoded: Encoded): unknown {
  return decode(encoded, { limits: INPUT_LIMITS });
}

/** The value of a server's answer. */
export function decodeOutput(encoded: Encoded): unknown {
  return encoded.meta ? decodeAccepted(encoded, OUTPUT_LIMITS) : encoded.json;
}
