import type { ChatRequestOptions, ChatTransport, UIMessage, UIMessageChunk } from 'ai';
import { createClient } from '../../client/client.ts';
import type { ClientOptions } from '../../client/client-types.ts';
import { safeReport } from '../../client/failures/report.ts';
import type { ClientPublishOptions } from '../../client/publishing.ts';
import { newEntryId } from '../../shared/data/entry-ids.ts';
import type { EventInput } from '../../shared/events.ts';
import type { PublishResult } from '../../shared/log.ts';
import { type Clock, systemClock } from '../../shared/timing.ts';
import { ChatActivity } from './chat-activity.ts';
import { inputOf } from './chunks/chat-input.ts';
import { chunksOf } from './chunks/message-chunks.ts';
import { KeepUp, type KeptUpChat } from './keep-up.ts';
import { answerStream } from './log/answer-stream.ts';
import { type ChatCatalog, chatTopic } from './log/chat-events.ts';
import { wasLeftOut } from './log/left-out.ts';
import { errorOf, type NewestAnswer, newestAnswer } from './log/newest-answer.ts';
import { type ChatClient, runningAnswer, type ShownRun } from './log/running-answer.ts';
import { requestAnswer } from './request-answer.ts';
import { unlessAborted, untilAborted } from './until-aborted.ts';

/** A client whose catalog has the events of chats, and maybe others. */
export interface ChatsClient {
  publish(
    type: 'chat_request',
    data: EventInput<'chat_request', ChatCatalog>,
    options?: ClientPublishOptions,
  ): Promise<PublishResult>;
  close(): Promise<void>;
}

/** Options of {@link EventsChatTransport}: a client of yours, or the address of a server for one of its own. */
export type ChatTransportOptions = {
  /** The topic of a chat: the same as its server's. Default: `chat-<id>`. */
  topicOf?: ((chatId: string) => string) | undefined;
  /** Takes errors that nobody else does: of {@link EventsChatTransport.keepUp}, and of a stop that was not sent. Default: `reportError` in browsers, `console.error` elsewhere. */
  onError?: ((error: Error) => void) | undefined;
  /** Default: the machine's. */
  clock?: Clock | undefined;
} & ({ client: ChatsClient } | ({ client?: undefined } & Pick<ClientOptions<ChatCatalog>, 'url' | 'token'>));

/**
 * A transport of the AI SDK's `useChat` whose answers are runs: they go on when the page is closed, are shown by any number
 * of pages, and stop when `stop()` is called in one of them. With `resume: true` a page that is loaded again shows the answer that
 * is being written, from its beginning.
 *
 * Load with the transport's own client, or call `keepUp`: else an answer that ends between loading and resuming is not shown.
 *
 * @example
 * const client = createClient<ChatCatalog>({ url: 'wss://a.example/trpc' });
 * const transport = new EventsChatTransport({ client });
 * const chat = useChat({ id, transport, messages: await loadChat(client, id), resume: true });
 */
export class EventsChatTransport<M extends UIMessage = UIMessage> implements ChatTransport<M> {
  /** An answer that is resumed is told from its beginning. */
  readonly resumeStreamIsReplay = true;
  readonly #client: ChatClient;
  readonly #ownsClient: boolean;
  readonly #topicOf: (chatId: string) => string;
  readonly #clock: Clock;
  readonly #onError: (error: Error) => void;
  readonly #chats = new Map<string, ChatActivity>();
  /** Runs that others have begun, to be shown next. */
  readonly #next = new Map<string, ShownRun>();

  constructor({ topicOf = chatTopic, clock = systemClock, onError, ...options }: ChatTransportOptions) {
    const { client } = options;
    this.#ownsClient = client === undefined;
    // Its catalog has these events, and more.
    this.#client = client ? (client as object as ChatClient) : createClient<ChatCatalog>(options);
    this.#topicOf = topicOf;
    this.#clock = clock;
    this.#onError = safeReport(onError);
  }

  /**
   * Asks for an answer. The signal stops it, for all who see it; a page that is closed does not.
   * @throws EventsError INVALID_EVENT, INVALID_TOPIC, FORBIDDEN, TOO_LARGE, UNAVAILABLE; the signal's reason
   */
  async sendMessages({
    chatId,
    trigger,
    messageId,
    messages,
    abortSignal,
    body,
  }: Parameters<ChatTransport<M>['sendMessages']>[0]): Promise<ReadableStream<UIMessageChunk>> {
    const topic = this.#topicOf(chatId);
    const chat = this.#chat(chatId);
    const end = chat.begin('send');
    try {
      const run_id = newEntryId();
      const request = { run_id, chat: chatId, trigger, message: messageId, messages, body };
      const asked = requestAnswer(this.#client, topic, request, this.#clock);
      const accepted = await unlessAborted(asked, abortSignal, ({ run }) => this.#stop(topic, run));
      chat.show(accepted.run);
      const onStop = (): void => this.#stop(topic, accepted.run);
      return answerStream(this.#client, topic, accepted, { signal: abortSignal, onEnd: end, onStop });
    } catch (error) {
      end();
      throw error;
    }
  }

  /**
   * The answer that is being written, from its beginning, or that was when this client loaded the chat. Where there is none, and the last one has failed or was lost, its
   * error, so that a page that was not there is told of it; null otherwise. The signal stops it, once it is shown.
   * @throws EventsError FORBIDDEN, INVALID_TOPIC, UNAVAILABLE
   */
  async reconnectToStream({
    chatId,
    abortSignal,
  }: {
    chatId: string;
    abortSignal?: AbortSignal;
  } & ChatRequestOptions): Promise<ReadableStream<UIMessageChunk> | null> {
    const topic = this.#topicOf(chatId);
    const chat = this.#chat(chatId);
    const wasSending = chat.isSending;
    const end = chat.begin('resume');
    const { resumed, sent } = chat;
    try {
      const running = this.#takeNext(chatId) ?? (await runningAnswer(this.#client, topic));
      const newest = running ? undefined : await newestAnswer(this.#client, topic);
      const found = running ?? (newest && this.#endedSince(chat, newest));
      if (wasSending || chat.sent !== sent) {
        // The page shows an answer that it has asked for meanwhile: whatever came of this would be in its way.
        end();
        return await untilAborted(abortSignal);
      }
      if (!found) {
        end();
        const error = newest && errorOf(newest);
        return error ? streamOf(error) : null;
      }
      chat.show(found.run);
      // A chat that resumes again aborts what it resumed before, and asks in the same turn: that is no wish to stop.
      const onStop = (): void =>
        void this.#clock.setTimer(() => chat.resumed === resumed && this.#stop(topic, found.run), 0);
      const shown = { signal: abortSignal, onEnd: end, onStop, before: begunBefore(found) };
      return answerStream(this.#client, topic, found, shown);
    } catch (error) {
      end();
      throw error;
    }
  }

  /**
   * Has an open page show what others write in a chat: their messages, and the answers to them, as they come.
   *
   * @example useEffect(() => transport.keepUp(chat), [chat.id]);
   * @param chat what `useChat` returns, or a `Chat`
   * @returns ends it
   */
  keepUp(chat: KeptUpChat<M>): () => void {
    const topic = this.#topicOf(chat.id);
    const keeping = new KeepUp<M>(chat, {
      client: this.#client,
      topic,
      activity: this.#chat(chat.id),
      onError: this.#onError,
      showNext: (run) => this.#next.set(chat.id, run),
    });
    return () => keeping.end();
  }

  /** Closes the client, unless it is yours. */
  close(): void {
    if (this.#ownsClient) void this.#client.close();
  }

  #chat(id: string): ChatActivity {
    const chat = this.#chats.get(id) ?? new ChatActivity(this.#clock);
    this.#chats.set(id, chat);
    return chat;
  }

  #takeNext(chatId: string): ShownRun | undefined {
    const next = this.#next.get(chatId);
    this.#next.delete(chatId);
    return next;
  }

  /** An answer that this client has loaded a chat without, since it was being written, and that has ended before it was resumed. */
  #endedSince(chat: ChatActivity, { run, input, since }: NewestAnswer): ShownRun | undefined {
    const isLacking = wasLeftOut(this.#client, run) && !chat.has(run);
    return isLacking && since !== undefined ? { run, input, since } : undefined;
  }

  #stop(topic: string, run: string): void {
    this.#client.publish('run_stop', { run_id: run }, { topic }).catch(this.#onError);
  }
}

/** Chunks of the answer that a run goes on with, which a page may not have. */
function* begunBefore({ input }: ShownRun): Generator<UIMessageChunk, void, undefined> {
  const { messages, answer } = inputOf(input) ?? {};
  const message = messages?.find(({ id }) => id === answer);
  if (message) yield* chunksOf(message);
}

function streamOf(chunk: UIMessageChunk): ReadableStream<UIMessageChunk> {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(chunk);
      controller.close();
    },
  });
}
