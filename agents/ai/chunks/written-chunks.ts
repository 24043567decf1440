import type { UIMessageChunk } from 'ai';
import { type ChatChunk, partOf } from './chat-chunk.ts';
import { chatDialect } from './chat-dialect.ts';

/** The end of a handler's stream, in its own words. */
export interface StreamEnd {
  /** The error that it has told, if any. */
  error?: string;
}

/**
 * A handler's chunks as they are written: the answer begins with its id, the input of a tool call ends where the call is
 * told, and nothing of a step that is taken back stays open. An error is the run's end, and told with that.
 * @param answer id of the message that they make up
 * @param signal of the run: once it is aborted, its end tells so
 */
export async function* writtenChunks(
  chunks: AsyncIterable<UIMessageChunk>,
  { answer, signal, end }: { answer: string; signal: AbortSignal; end: StreamEnd },
): AsyncGenerator<ChatChunk, void, undefined> {
  /** Name of an open part → the chunk that opened it. */
  const open = new Map<string, ChatChunk>();
  let isStarted = false;

  function* close(parts: Iterable<string>): Generator<ChatChunk, void, undefined> {
    for (const part of [...parts]) {
      const start = open.get(part);
      if (start && open.delete(part)) yield chatDialect.closing(start);
    }
  }

  for await (const chunk of chunks) {
    if (!isStarted) yield { ...(chunk.type === 'start' && chunk), type: 'start', messageId: answer };
    const isFirst = !isStarted;
    isStarted = true;
    const { is } = chatDialect.sort(chunk);
    if (chunk.type === 'start') {
      // Streams that are merged may each have one.
      const { messageMetadata } = chunk;
      if (!isFirst && messageMetadata != null) yield { type: 'message-metadata', messageMetadata };
    } else if (chunk.type === 'error') end.error ??= chunk.errorText;
    else if (chunk.type === 'reset-step') {
      yield* close(open.keys());
      yield chunk;
    } else if (is === 'opens') {
      yield* close([partOf(chunk)]); // a part of this name, of another stream
      open.set(partOf(chunk), chunk);
      yield chunk;
    } else if (is === 'closes') {
      open.delete(partOf(chunk));
      yield chunk;
    } else if (!(chunk.type === 'abort' && signal.aborted)) {
      if ('toolCallId' in chunk && is === 'else') yield* close([partOf(chunk)]);
      yield chunk;
    }
  }
}
