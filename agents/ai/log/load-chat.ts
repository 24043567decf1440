import { readUIMessageStream, type UIMessage, type UIMessageChunk } from 'ai';
import type { AnyItem } from '../../../client/reading/items.ts';
import type { EventInput } from '../../../shared/events.ts';
import type { HistoryPage, StreamGap } from '../../../shared/stream-items.ts';
import { StreamReader } from '../../stream/stream-reader.ts';
import type { ChatChunk } from '../chunks/chat-chunk.ts';
import { chatDialect } from '../chunks/chat-dialect.ts';
import { type ChatInput, inputOf, withMessage, withTail } from '../chunks/chat-input.ts';
import { chunkStream } from '../chunks/chunk-stream.ts';
import { ANSWER_TYPES } from './answer-stream.ts';
import { type ChatCatalog, chatTopic } from './chat-events.ts';
import { noteLeftOut } from './left-out.ts';
import type { ChatClient } from './running-answer.ts';

/** A client, or an EventManager, whose catalog has the events of chats. */
export interface ChatsPast {
  history(options: never): Promise<unknown>;
  /** Its type tells of the catalog: nothing is published. */
  publish(type: 'chat_request', data: EventInput<'chat_request', ChatCatalog>): Promise<unknown>;
}

/** The past of a chat's topic: a client's, or an EventManager's. */
type Past = Pick<ChatClient, 'history'>;

type Page = HistoryPage<(typeof ANSWER_TYPES)[number], ChatCatalog>;

/** One answer, as the log has it. */
interface LoggedAnswer {
  input?: ChatInput | undefined;
  readonly reader: StreamReader<ChatChunk>;
  readonly chunks: UIMessageChunk[];
}

/**
 * A chat as its log has it: for a page that is loaded, another device, or a server that does not trust its clients'
 * messages. Edits and regeneration have cut off what they cut off. An answer that is being written is not among the messages;
 * `useChat` with `resume: true` shows it. One that was stopped, or is lost, is there as far as it came.
 *
 * @param source a client, or the EventManager of a server
 * @param options.topicOf the topic of a chat. Default: `chat-<id>`
 * @param options.onGap called with each part of the chat that its log does not have any more, such as its beginning: the
 *   messages are without it. What was erased is no such part. Default: nobody is told
 * @throws EventsError FORBIDDEN, INVALID_TOPIC, UNAVAILABLE
 */
export async function loadChat<M extends UIMessage = UIMessage>(
  source: ChatsPast,
  chatId: string,
  { topicOf = chatTopic, onGap = () => {} }: LoadChatOptions = {},
): Promise<M[]> {
  // Its catalog has these events, and more.
  const { messages, gaps } = await loadMessages<M>(source as object as Past, topicOf(chatId));
  for (const gap of gaps) onGap(gap);
  return messages;
}

/** Options of {@link loadChat}. */
export interface LoadChatOptions {
  topicOf?: ((chatId: string) => string) | undefined;
  onGap?: ((gap: StreamGap['data']) => void) | undefined;
}

/** A chat, as its log has it. */
export interface LoadedChat<M extends UIMessage> {
  readonly messages: M[];
  /** Parts that the log does not have any more. */
  readonly gaps: readonly StreamGap['data'][];
}

/** The chat of a topic. */
export async function loadMessages<M extends UIMessage>(past: Past, topic: string): Promise<LoadedChat<M>> {
  const { answers, gaps } = await answersOf(past, topic);
  let messages: UIMessage[] = [];
  for (const [run, { input, reader, chunks }] of answers) {
    if (input) messages = withTail(messages, input);
    const isLeftOut = !reader.hasEnded(run);
    noteLeftOut(past, run, isLeftOut);
    if (isLeftOut) continue;
    const begun = messages.find(({ id }) => id === input?.answer);
    const message = await messageOf(chunks, begun);
    if (message && message.parts.length > 0) messages = withMessage(messages, message);
  }
  return { messages: messages as M[], gaps }; // as their pages wrote them
}

/** Answers of a topic by their runs, in the order of their beginning, and what is gone of them. */
async function answersOf(past: Past, topic: string) {
  const answers = new Map<string, LoggedAnswer>();
  const gaps: StreamGap['data'][] = [];
  let since: string | { at: string } = { at: new Date(0).toISOString() };
  while (true) {
    const page: Page = await past.history({ topic, types: ANSWER_TYPES, since, openings: true, limit: 1000 });
    gaps.push(...page.gaps.filter(({ reason }) => reason !== 'erased'));
    for (const { event, cursor } of page.items) {
      const { run_id } = event.data;
      const isRun = event.event_type === 'run';
      if (isRun && event.data.kind !== 'chat') continue;
      const answer = answers.get(run_id) ?? loggedAnswer(run_id);
      answers.set(run_id, answer);
      if (isRun) answer.input ??= inputOf(event.data.input);
      for (const chunk of answer.reader.take(event as AnyItem, cursor))
        if (chunk.type !== 'tool-input-end') answer.chunks.push(chunk);
    }
    if (page.atEnd || page.held) return { answers, gaps };
    since = page.next;
  }
}

function loggedAnswer(run: string): LoggedAnswer {
  return { reader: new StreamReader<ChatChunk>(chatDialect, { run }), chunks: [] };
}

/** The message that chunks make up, after what there was of it; undefined where they make none. */
async function messageOf(
  chunks: readonly UIMessageChunk[],
  begun: UIMessage | undefined,
): Promise<UIMessage | undefined> {
  const stream = chunkStream(each(chunks), () => {});
  const message = begun && structuredClone(begun);
  let last = message;
  // The error that an answer has ended with is told to those who see it happen.
  for await (const state of readUIMessageStream({ stream, onError: () => {}, ...(message && { message }) }))
    last = state;
  return last;
}

async function* each<T>(items: readonly T[]): AsyncGenerator<T, void, undefined> {
  yield* items;
}
