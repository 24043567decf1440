import { transformer } from '../../shared/transformer.ts';

/**
 * The project's transformer, which also takes plain JSON: clients of tRPC send `{ json, meta? }`, and a program that
 * knows nothing of superjson may send the input itself. No input of ours has a field `json`, so the two differ.
 */
export const lenientTransformer = {
  input: {
    serialize: transformer.serialize,
    deserialize: (input: unknown) => (isWrapped(input) ? transformer.deserialize(input) : input),
  },
  output: transformer,
};

type Wrapped = Parameters<typeof transformer.deserialize>[0];

function isWrapped(input: unknown): input is Wrapped {
  return typeof input === 'object' && input !== null && 'json' in input;
}
