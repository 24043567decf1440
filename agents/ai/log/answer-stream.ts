import type { UIMessageChunk } from 'ai';
import type { AnyItem } from '../../../client/reading/items.ts';
import { EventsError } from '../../../shared/errors.ts';
import type { StreamGap } from '../../../shared/stream-items.ts';
import { onAbort } from '../../../shared/timing.ts';
import { StreamReader } from '../../stream/stream-reader.ts';
import type { ChatChunk } from '../chunks/chat-chunk.ts';
import { chatDialect } from '../chunks/chat-dialect.ts';
import { chunkStream } from '../chunks/chunk-stream.ts';
import type { AcceptedRun, ChatClient } from './running-answer.ts';

/** Types of the events that an answer is made of. */
export const ANSWER_TYPES = ['run', 'chat_text', 'chat_tool_input', 'chat_chunk'] as const;

/** Options of {@link answerStream}. */
export interface AnswerStreamOptions {
  /** Ends the stream. */
  signal: AbortSignal | undefined;
  /** Called once nothing more is told, whatever the reason. */
  onEnd: () => void;
  /** Called when the signal aborts. */
  onStop: () => void;
  /** Chunks before those of the run. Default: none. */
  before?: Iterable<UIMessageChunk> | undefined;
}

/** An answer as a stream, from its beginning to its end, as {@link answerChunks} tells it. */
export function answerStream(
  client: ChatClient,
  topic: string,
  shown: AcceptedRun,
  { signal, onEnd, onStop, before = [] }: AnswerStreamOptions,
): ReadableStream<UIMessageChunk> {
  const over = new AbortController();
  let letGo = (): void => {};
  const close = (): void => {
    letGo();
    over.abort();
    onEnd();
  };
  const stop = (): void => {
    close();
    onStop();
  };
  async function* chunks(): AsyncGenerator<UIMessageChunk, void, undefined> {
    try {
      yield* before;
      yield* answerChunks(client, topic, shown, over.signal);
    } finally {
      close();
    }
  }
  if (signal?.aborted) stop();
  else if (signal) letGo = onAbort(signal, stop);
  return chunkStream(chunks(), close);
}

/**
 * Chunks of an answer from its beginning, live to its end. One that was stopped ends as a request does that was aborted:
 * with an AbortError, so that the chat tells it and sends nothing by itself.
 * @throws EventsError CLOSED where the client is closed before; what ends the subscription
 */
async function* answerChunks(
  client: ChatClient,
  topic: string,
  { run, since }: AcceptedRun,
  signal: AbortSignal,
): AsyncGenerator<UIMessageChunk, void, undefined> {
  const reader = new StreamReader<ChatChunk>(chatDialect, { run });
  const items = client.stream({ topic, types: ANSWER_TYPES, filter: { run_id: run }, since, signal });
  let isSynced = false;
  let isErasedBefore = false;
  let last: UIMessageChunk | undefined;
  for await (const { cursor, event } of items) {
    for (const chunk of reader.take(event as AnyItem, cursor)) {
      if (chunk.type === 'tool-input-end') continue; // the guard lets none through
      last = chunk;
      yield chunk;
    }
    // The opening comes right after the place.
    if (event.event_type === 'stream_gap')
      isErasedBefore ||= event.data.reason === 'erased' && event.data.from === since;
    isSynced ||= event.event_type === 'stream_synced';
    // An opening of which nothing is known may come yet, of another server [D5].
    const isGone = isSynced && isErasedBefore && !last;
    if (isGone || (event.event_type === 'stream_synced' && reader.untoldGaps.length > 0))
      return yield* allIsLost(run, reader.untoldGaps);
    if (!reader.hasEnded(run)) continue;
    if (last?.type === 'abort') throw new DOMException(last.reason ?? 'Stopped', 'AbortError');
    return;
  }
  if (!signal.aborted) throw new EventsError('CLOSED', 'The client was closed before the answer was whole.');
}

/** Chunks of an answer of which the log has nothing any more: all that it has, and all that is open, was told. */
function* allIsLost(run: string, gaps: readonly StreamGap['data'][]): Generator<UIMessageChunk> {
  const told = [
    ...gaps.map((gap) => chatDialect.gap(gap)),
    ...chatDialect.ended({ id: run, input: undefined }, 'lost', undefined, ''),
  ];
  for (const chunk of told) if (chunk.type !== 'tool-input-end') yield chunk;
}
