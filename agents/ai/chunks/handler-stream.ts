import { type Clock, onAbort } from '../../../shared/timing.ts';

/** Ms for which a handler may end its stream by itself, once it was told to stop. */
const GRACE_MS = 1_000;

/** A stream as handlers return it: `toUIMessageStream()` of the SDK's results is one. */
export type HandlerStream<Chunk> = ReadableStream<Chunk> | AsyncIterable<Chunk>;

/**
 * Chunks of a handler's stream. Once the signal is aborted, the stream has a second to end by itself, with its last words; one
 * that goes on is left alone.
 */
export async function* chunksOfHandler<Chunk>(
  stream: HandlerStream<Chunk>,
  signal: AbortSignal,
  clock: Clock,
): AsyncGenerator<Chunk, void, undefined> {
  const chunks = iterated(stream);
  let cancel = (): void => {};
  let letGo = (): void => {};
  const over = new Promise<{ done: true; value: undefined }>((resolve) => {
    const wait = (): void => {
      cancel = clock.setTimer(() => resolve({ done: true, value: undefined }), GRACE_MS);
    };
    letGo = onAbort(signal, wait);
    if (signal.aborted) wait();
  });
  try {
    while (true) {
      const next = await Promise.race([chunks.next(), over]);
      if (next.done) return;
      yield next.value;
    }
  } finally {
    letGo();
    cancel();
    chunks.return?.()?.catch(() => {}); // nobody waits for one that does not end
  }
}

function iterated<Chunk>(stream: HandlerStream<Chunk>): AsyncIterator<Chunk, unknown> {
  if (Symbol.asyncIterator in stream) return stream[Symbol.asyncIterator]();
  const reader = (stream as ReadableStream<Chunk>).getReader(); // of a runtime in which streams are not iterable
  return {
    next: async () => {
      const { done, value } = await reader.read();
      return done ? { done, value: undefined } : { done, value };
    },
    return: async () => {
      await reader.cancel();
      return { done: true, value: undefined };
    },
  };
}
