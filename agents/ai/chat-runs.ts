import type { UIMessage, UIMessageChunk } from 'ai';
import type { EventManager } from '../../server/event-manager/event-manager.ts';
import { checkOptions } from '../../shared/options/known-options.ts';
import { type Clock, systemClock } from '../../shared/timing.ts';
import { type Output, StreamWriter } from '../stream/stream-writer.ts';
import { AnswerStarter, type AnswerWork } from './answer-starter.ts';
import { chatDialect } from './chunks/chat-dialect.ts';
import { chunksOfHandler, type HandlerStream } from './chunks/handler-stream.ts';
import { type StreamEnd, writtenChunks } from './chunks/written-chunks.ts';
import { type ChatRequest, type ChatsCatalog, chatManager, chatTopic } from './log/chat-events.ts';

/** A request, to the handler that answers it. */
export interface ChatTurn<M extends UIMessage = UIMessage> {
  readonly chatId: string;
  /** The chat as its page has it; a server that does not trust it takes `loadChat(manager, chatId)`. */
  readonly messages: M[];
  readonly trigger: 'submit-message' | 'regenerate-message';
  /** The message that the request names: one that was edited, or that is to be answered again. */
  readonly messageId: string | undefined;
  /** Further fields, as `sendMessage` took them. They are a client's, and not checked. */
  readonly body: Readonly<Record<string, unknown>>;
  /** Id of the message that is written: what the stream names in its `start` makes no difference. */
  readonly answerId: string;
  /** Aborts when the answer is stopped: hand it to the model. */
  readonly signal: AbortSignal;
  /** Id of the subject that asks, as the server knows it. */
  readonly by: string | undefined;
  readonly runId: string;
  readonly topic: string;
}

/** Answers a request by a stream of chunks, such as `streamText(…).toUIMessageStream()`. */
export type ChatHandler<M extends UIMessage = UIMessage> = (
  turn: ChatTurn<M>,
) => HandlerStream<UIMessageChunk> | Promise<HandlerStream<UIMessageChunk>>;

/** Options of {@link chatRuns}. */
export interface ChatRunsOptions {
  /** The topic of a chat: the same as its clients'. Default: `chat-<id>`. */
  topicOf?: ((chatId: string) => string) | undefined;
  /** Ms after the death of this process until its answers are told to be lost, 1 s to 1 h. Default 15 s. */
  leaseMs?: number | undefined;
  /** Words of an error that the handler throws, for all who see the chat. Default: `An error occurred.`, as the SDK has it: an error may tell what is nobody's business. */
  onError?: ((error: unknown) => string) | undefined;
  /** Default: the machine's. */
  clock?: Clock | undefined;
}

/** Answers to chats, as runs. */
export interface ChatRuns {
  /**
   * Has a handler answer the requests that this process takes. Each answer is a run: it goes on whoever watches.
   * @returns ends it: what runs goes on
   * @throws EventsError INVALID_OPTION where a handler is there already
   */
  serve<M extends UIMessage = UIMessage>(handler: ChatHandler<M>): () => void;
}

/**
 * Answers chats of the AI SDK's `useChat`, whose transport is `EventsChatTransport`: answers are written into the chat's
 * topic, for any number of viewers, now and later.
 *
 * @example
 * chatRuns(manager).serve(async ({ messages, signal }) =>
 *   streamText({ model, messages: await convertToModelMessages(messages), abortSignal: signal }).toUIMessageStream());
 *
 * @throws EventsError INVALID_OPTION where the catalog lacks the events of chats
 */
export function chatRuns<C extends ChatsCatalog>(
  manager: EventManager<C>,
  options: ChatRunsOptions = {},
): ChatRuns {
  checkOptions('chatRuns', options, { topicOf: 1, leaseMs: 1, onError: 1, clock: 1 });
  const own = chatManager(manager);
  const { topicOf = chatTopic, leaseMs, onError = () => 'An error occurred.', clock = systemClock } = options;
  const starter = new AnswerStarter(own, { topicOf, leaseMs, clock });
  return {
    serve<M extends UIMessage>(handler: ChatHandler<M>): () => void {
      return own.handle('chat_request', ({ data }, { topic, by }) => {
        const request = data as object as ChatRequest; // checked as far as this door looks at it
        const write: AnswerWork = async (run, { answer }) => {
          const { id: runId, signal } = run;
          const { chat: chatId, trigger, message: messageId, body } = request;
          const messages = request.messages as M[]; // as their page has them
          const turn = { chatId, messages, trigger, messageId, answerId: answer, signal, by, runId, topic };
          const end: StreamEnd = {};
          try {
            const stream = await handler({ ...turn, body: { ...body } });
            const chunks = chunksOfHandler(stream, signal, clock);
            // The dialect names events of this catalog alone, and the manager checks their data.
            const writer = new StreamWriter(chatDialect, runId, run as object as Output);
            for await (const chunk of writtenChunks(chunks, { answer, signal, end }))
              await writer.write(chunk);
          } catch (error) {
            if (signal.aborted) return; // the run's end tells why
            own.logger.error({ err: error, topic, run: runId }, 'The handler of a chat failed');
            throw new Error(onError(error));
          }
          if (end.error !== undefined) throw new Error(end.error);
        };
        return starter.start(request, { topic, by, write });
      });
    },
  };
}
