import type { ChatRequestOptions, ChatTransport, UIMessage, UIMessageChunk } from 'ai';
import { createClient } from '../../client/client.ts';
import type { ClientOptions } from '../../client/client-types.ts';
import { reportUncaught } from '../../client/failures/report.ts';
import type { ClientPublishOptions } from '../../client/publishing.ts';
import { newEntryId } from '../../shared/data/entry-ids.ts';
import type { EventInput } from '../../shared/events.ts';
import type { PublishResult } from '../../shared/log.ts';
import { type Clock, onAbort, systemClock } from '../../shared/timing.ts';
import { answerChunks, isGoneOnWith } from './answer-chunks.ts';
import { type AcceptedRun, type ChatClient, requestAnswer } from './answer-request.ts';
import { ChatActivity } from './chat-activity.ts';
import { type ChatCatalog, chatTopic } from './chat-events.ts';
import { inputOf } from './chunks/chat-input.ts';
import { chunkStream } from './chunks/chunk-stream.ts';
import { chunksOf } from './chunks/message-chunks.ts';
import { KeepUp, type KeptUpChat } from './keep-up.ts';
import { runningAnswer, type ShownRun } from './running-answer.ts';

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
 * @example
 * const transport = new EventsChatTransport({ url: 'wss://a.example/trpc' });
 * const chat = useChat({ id, transport, messages: await loadChat(client, id), resume: true });
 */
export class EventsChatTransport<M extends UIMessage = UIMessage> implements ChatTransport<M> {
  readonly #client: ChatClient;
  readonly #ownsClient: boolean;
  readonly #topicOf: (chatId: string) => string;
  readonly #clock: Clock;
  readonly #onError: (error: Error) => void;
  readonly #chats = new Map<string, ChatActivity>();
  /** Runs that others have begun, to be shown next. */
  readonly #next = new Map<string, ShownRun>();
  /** True once a chat has asked whether it is told answers from their beginning. */
  #isAskedForReplays = false;

  constructor({
    topicOf = chatTopic,
    clock = systemClock,
    onError = reportUncaught,
    ...options
  }: ChatTransportOptions) {
    const { client } = options;
    this.#ownsClient = client === undefined;
    // Its catalog has these events, and more.
    this.#client = client ? (client as object as ChatClient) : createClient<ChatCatalog>(options);
    this.#topicOf = topicOf;
    this.#clock = clock;
    this.#onError = onError;
  }

  /** An answer is told from its beginning. `useChat` of version 6 does not hand this on to its chat. */
  get resumeStreamIsReplay(): boolean {
    this.#isAskedForReplays = true;
    return true;
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
      return this.#stream(topic, accepted, { signal: abortSignal, end, isStop: () => true });
    } catch (error) {
      end();
      throw error;
    }
  }

  /**
   * The answer that is being written, from its beginning; null where there is none. The signal stops it, once it is shown.
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
      const found = this.#takeNext(chatId) ?? (await runningAnswer(this.#client, topic));
      if (wasSending || chat.sent !== sent) {
        // The page shows an answer that it has asked for meanwhile: whatever came of this would be in its way.
        end();
        return await untilAborted(abortSignal);
      }
      if (!found) {
        end();
        return null;
      }
      chat.show(found.run);
      // A chat that resumes again lets go of what it resumed before, with the same signal: that is no wish to stop.
      const isStop = () => chat.resumed === resumed;
      return this.#stream(topic, found, { signal: abortSignal, end, isStop, before: this.#before(found) });
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
    const chat = this.#chats.get(id) ?? new ChatActivity();
    this.#chats.set(id, chat);
    return chat;
  }

  #takeNext(chatId: string): ShownRun | undefined {
    const next = this.#next.get(chatId);
    this.#next.delete(chatId);
    return next;
  }

  /** Chunks of the answer that a run goes on with, which this page may not have. */
  *#before({ input }: ShownRun): Generator<UIMessageChunk, void, undefined> {
    const { messages, answer } = inputOf(input) ?? {};
    const message = messages?.find(({ id }) => id === answer);
    // A chat that does not begin anew for a replay goes on with the message that it has.
    if (message && (this.#isAskedForReplays || !isGoneOnWith(message))) yield* chunksOf(message);
  }

  #stream(
    topic: string,
    shown: AcceptedRun,
    { signal, end, isStop, before = [] }: StreamOptions,
  ): ReadableStream<UIMessageChunk> {
    const client = this.#client;
    const over = new AbortController();
    let letGo = (): void => {};
    const close = (): void => {
      letGo();
      over.abort();
      end();
    };
    async function* chunks(): AsyncGenerator<UIMessageChunk, void, undefined> {
      try {
        yield* before;
        yield* answerChunks(client, topic, shown, over.signal);
      } finally {
        close();
      }
    }
    const onStop = (): void => {
      close();
      this.#clock.setTimer(() => isStop() && this.#stop(topic, shown.run), 0);
    };
    if (signal?.aborted) onStop();
    else if (signal) letGo = onAbort(signal, onStop);
    return chunkStream(chunks(), close);
  }

  #stop(topic: string, run: string): void {
    this.#client.publish('run_stop', { run_id: run }, { topic }).catch(this.#onError);
  }
}

interface StreamOptions {
  signal: AbortSignal | undefined;
  /** Called once the stream is over. */
  end: () => void;
  /** Asked after the signal was aborted: tells if the run is to be stopped. */
  isStop: () => boolean;
  /** Chunks before those of the run. */
  before?: Iterable<UIMessageChunk>;
}

/** Resolves with null once a signal aborts; at once where there is none. */
function untilAborted(signal: AbortSignal | undefined): Promise<null> {
  return new Promise((resolve) => {
    if (!signal || signal.aborted) resolve(null);
    else onAbort(signal, () => resolve(null));
  });
}

/** What a promise resolves with, unless a signal aborts before: then `late` is called with it, should it come. */
async function unlessAborted<T>(
  promise: Promise<T>,
  signal: AbortSignal | undefined,
  late: (value: T) => void,
): Promise<T> {
  if (!signal) return promise;
  let letGo = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    const onStop = (): void => {
      promise.then(late, () => {});
      reject(signal.reason);
    };
    if (signal.aborted) onStop();
    else letGo = onAbort(signal, onStop);
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    letGo();
  }
}
