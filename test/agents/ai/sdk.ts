import * as seven from 'ai';
import * as six from 'ai-6';
import { chunkStream } from '../../../agents/ai/chunks/chunk-stream.ts';

/** Versions of the SDK that the door works with. To the compiler all are the newest: chunks and messages of it are a superset. */
export const SDKS: readonly (readonly [name: string, sdk: Pick<typeof seven, 'readUIMessageStream'>])[] = [
  ['ai 7', seven],
  ['ai 6', six as object as Pick<typeof seven, 'readUIMessageStream'>],
];

export type Chunk = seven.UIMessageChunk;

/** A message as a page would show it after all chunks, and the error that a page would tell. */
export interface Shown {
  message: seven.UIMessage | undefined;
  error: string | undefined;
}

/** Reads chunks by the SDK's own reader, in one go. */
export async function shown(
  { readUIMessageStream }: Pick<typeof seven, 'readUIMessageStream'>,
  chunks: Iterable<Chunk> | AsyncIterable<Chunk>,
  message?: seven.UIMessage,
): Promise<Shown> {
  let error: string | undefined;
  let last: seven.UIMessage | undefined;
  const iterator = Symbol.asyncIterator in chunks ? chunks[Symbol.asyncIterator]() : asynchronous(chunks);
  const stream = chunkStream(iterator, () => {});
  const onError = (cause: unknown) => {
    error ??= cause instanceof Error ? cause.message : String(cause);
  };
  for await (const state of readUIMessageStream({ stream, onError, ...(message && { message }) }))
    last = state;
  return { message: last && JSON.parse(JSON.stringify(last)), error };
}

async function* asynchronous<T>(items: Iterable<T>): AsyncGenerator<T> {
  yield* items;
}
