import type { UIMessage, UIMessageChunk } from 'ai';
import type { AnyItem } from '../../client/reading/items.ts';
import { EventsError } from '../../shared/errors.ts';
import { StreamReader } from '../stream/stream-reader.ts';
import type { AcceptedRun, ChatClient } from './answer-request.ts';
import type { ChatChunk } from './chunks/chat-chunk.ts';
import { chatDialect } from './chunks/chat-dialect.ts';

/** Types of the events that an answer is made of. */
export const ANSWER_TYPES = ['run', 'chat_text', 'chat_tool_input', 'chat_chunk'] as const;

/**
 * Chunks of an answer from its beginning, live to its end. One that was stopped ends as a request does that was aborted:
 * with an AbortError, so that the chat tells it and sends nothing by itself.
 * @throws EventsError CLOSED where the client is closed before; what ends the subscription
 */
export async function* answerChunks(
  client: ChatClient,
  topic: string,
  { run, since }: AcceptedRun,
  signal: AbortSignal,
): AsyncGenerator<UIMessageChunk, void, undefined> {
  const reader = new StreamReader<ChatChunk>(chatDialect, { run });
  const items = client.stream({ topic, types: ANSWER_TYPES, filter: { run_id: run }, since, signal });
  let last: UIMessageChunk | undefined;
  for await (const { cursor, event } of items) {
    for (const chunk of reader.take(event as AnyItem, cursor)) {
      if (chunk.type === 'tool-input-end') continue; // the guard lets none through
      last = chunk;
      yield chunk;
    }
    if (!reader.hasEnded(run)) continue;
    if (last?.type === 'abort') throw new DOMException(last.reason ?? 'Stopped', 'AbortError');
    return;
  }
  if (!signal.aborted) throw new EventsError('CLOSED', 'The client was closed before the answer was whole.');
}

/** Tells if the SDK goes on with a message as it is when a page resumes a stream, where it is not told that all is replayed. */
export function isGoneOnWith({ parts }: UIMessage): boolean {
  return parts.some(
    (part) =>
      'toolCallId' in part &&
      (part.state === 'input-streaming' ||
        part.state === 'approval-responded' ||
        (part.state === 'input-available' && part.providerExecuted === true)),
  );
}
