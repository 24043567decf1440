import type { UIMessageChunk } from 'ai';
import { type ChatChunk, chatDialect, partOf } from './chat-dialect.ts';

/** What a handler's stream comes to, beside the chunks that are written. */
export interface StreamEnd {
  /** Words of the error that the stream has told. */
  error?: string;
}

/**
 * A handler's chunks, as they are written: the answer begins with its id, the input of a tool call ends where the call is
 * told, and a step that is taken back has nothing open. An error is the run's end: it is told once, when the run is settled.
 * @param answer id of the message that they make up
 */
export async function* writtenChunks(
  chunks: AsyncIterable<UIMessageChunk>,
  answer: string,
  signal: AbortSignal,
  end: StreamEnd,
): AsyncGenerator<ChatChunk, void, undefined> {
  /** Name of an open part → the chunk that opened it. */
  const open = new Map<string, ChatChunk>();
  const closings = (part?: string) =>
    [...open].filter(([name]) => part === undefined || name === part).map(([, start]) => chatDialect.closing(start));
  let isStarted = false;
  for await (const chunk of chunks) {
    const { is } = chatDialect.sort(chunk);
    if (!isStarted) yield is === 'starts' ? { ...chunk, messageId: answer } : { type: 'start', messageId: answer };
    const wasStarted = isStarted;
    isStarted = true;
    if (chunk.type === 'error') end.error ??= chunk.errorText;
    else if (chunk.type === 'abort' && signal.aborted) continue; // the run's end tells it
    else if (chunk.type === 'start') {
      // Streams that are merged may each have one.
      if (wasStarted && chunk.messageMetadata != null)
        yield { type: 'message-metadata', messageMetadata: chunk.messageMetadata };
    } else {
      const part = is === 'opens' || is === 'closes' ? partOf(chunk) : ''
    }
  }
}
