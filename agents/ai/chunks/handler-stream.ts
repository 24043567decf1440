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
  let isOver = false;
  /** Ends the wait for the next chunk: of each wait anew, since a promise that outlives them would keep all chunks. */
  let end = (): void => {};
  const wait = (): void => {
    cancel = clock.setTimer(() => {
      isOver = true;
      end();
    }, GRACE_MS);
  };
  const letGo = onAbort(signal, wait);
  if (signal.aborted) wait();
  try {
    while (true) {
      const next = await new Promise<IteratorResult<Chunk, unknown>>((resolve, reject) => {
        end = () => resolve({ done: true, value: undefined });
        if (isOver) end();
        chunks.next().then(resolve, reject);
      });
      if (next.done) return;
      yield next.value;
    }
  } finally {
    letGo();
    cancel();
    chunks.return?.()?.catch(() => {}); // nobody waits for one that does not end
  }
}

/** @throws TypeError for what is no stream: a handler without types may return anything */
function iterated<Chunk>(stream: HandlerStream<Chunk>): AsyncIterator<Chunk, unknown> {
  const given: unknown = stream;
  const isObject = typeof given === 'object' && given !== null;
  if (!isObject || !('getReader' in given || Symbol.asyncIterator in given))
    throw new TypeError(
      'A handler of chats returns a stream of chunks, such as streamText(…).toUIMessageStream(): this is none.',
    );
  if (!('getReader' in stream)) return stream[Symbol.asyncIterator]();
  const reader = stream.getReader(); // its iterator, where there is one, is not returned before the chunk that it waits for
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
