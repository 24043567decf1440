import { decode } from '../../shared/wire/decode.ts';
import type { Encoded } from '../../shared/wire/format.ts';
import { anything, type Expects, INPUT_LIMITS } from '../../shared/wire/limits.ts';
import { isRecord } from '../../shared/wire/shapes.ts';
import { transformer } from '../../shared/wire/transformer.ts';
import { trackedOutput } from './trpc-copy.ts';

/**
 * Key under which an input waits to be decoded, in an object that stands for it. A symbol, since no JSON has one, and since it
 * survives `{ ...input, lastEventId }`, which tRPC makes of the input of a subscription that is resumed.
 */
const UNDECODED = Symbol('an input that was not decoded yet');

type Undecoded = { readonly [UNDECODED]: Encoded };

/**
 * The project's transformer as our own server uses it. Nothing is decoded where tRPC decodes: the input stands for
 * itself until the call was authorised, and then {@link decodeInput} is told what the procedure can take. It takes plain
 * JSON as well: clients of tRPC send `{ json, meta? }`, and a program that knows nothing of superjson may send the input
 * itself. No input of ours has a field `json`, so the two differ.
 */
export const lazyTransformer = {
  input: {
    serialize: transformer.input.serialize,
    deserialize(input: unknown): unknown {
      if (!isRecord(input) || !Object.hasOwn(input, 'json')) return input;
      const { json, meta } = input;
      return meta === undefined || meta === null
        ? json
        : ({ [UNDECODED]: { json, meta } } satisfies Undecoded);
    },
  },
  output: trackedOutput,
};

/**
 * An input as JSON, to look at what a decision needs. What an annotation makes of a part of it is not in it: text stays
 * text, or becomes something that is none, and null may stand for undefined.
 */
export function peek(input: unknown): unknown {
  return isUndecoded(input) ? input[UNDECODED].json : input;
}

/**
 * The input that a call meant, within bounds.
 * @throws EventsError naming the path of what is wrong with its annotations
 */
export function decodeInput(input: unknown, expects: Expects = anything): unknown {
  if (!isUndecoded(input)) return decode({ json: input }, { limits: INPUT_LIMITS, expects });
  const { [UNDECODED]: encoded, ...added } = input;
  const value = decode(encoded, { limits: INPUT_LIMITS, expects });
  if (Object.keys(added).length === 0) return value;
  return isRecord(value) ? { ...value, ...added } : (value ?? added);
}

function isUndecoded(input: unknown): input is Undecoded {
  return typeof input === 'object' && input !== null && UNDECODED in input;
}
