/**
 * A stream that asks for a chunk when one is read, and not before: so an error at the end takes away none of the chunks
 * before it.
 * @param onCancel called when the reader has enough
 */
export function chunkStream<Chunk>(
  chunks: AsyncIterator<Chunk, unknown>,
  onCancel: () => void,
): ReadableStream<Chunk> {
  return new ReadableStream<Chunk>(
    {
      async pull(controller) {
        const { done, value } = await chunks.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: onCancel,
    },
    { highWaterMark: 0 },
  );
}
