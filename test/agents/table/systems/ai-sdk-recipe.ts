import {
  createUIMessageStreamResponse,
  DefaultChatTransport,
  generateId,
  toUIMessageStream,
  UI_MESSAGE_STREAM_HEADERS,
  type UIMessage,
} from 'ai';
import { Redis } from 'ioredis';
import { createResumableStreamContext } from 'resumable-stream/ioredis';
import { streamStandIn } from '../stand-in/ai-sdk-agent.ts';
import { chatPage } from './chat-page.ts';
import { chatStore } from './chat-store.ts';
import type { System } from './system.ts';
import { type Route, webServer } from './web-server.ts';

/**
 * The AI SDK with streams that can be resumed, as ai-sdk.dev/docs/ai-sdk-ui/chatbot-resume-streams builds it: the package
 * `resumable-stream` over Redis, storage of chats, a POST, a GET, and a stop endpoint, whose `cancelActiveWork` is left
 * to the application: here a map of what this process runs.
 */
export const aiSdkRecipe: System = {
  async serve(place) {
    const store = chatStore(place);
    const { readChat, saveChat } = store;
    const publisher = new Redis(place.redisUrl);
    const subscriber = new Redis(place.redisUrl);
    const streams = createResumableStreamContext({
      waitUntil: null,
      keyPrefix: place.prefix,
      publisher,
      subscriber,
    });
    const work = new Map<string, AbortController>();

    const post: Route = async (request) => {
      const { id, message }: { id: string; message: UIMessage } = await request.json();
      const messages = [...(await readChat(id)).messages, message];
      await saveChat({ id, messages, activeStreamId: null });
      const streamId = generateId();
      const cancelling = new AbortController();
      work.set(streamId, cancelling);
      const result = await streamStandIn(place.model, messages, cancelling.signal);
      return createUIMessageStreamResponse({
        stream: toUIMessageStream({
          stream: result.stream,
          originalMessages: messages,
          generateMessageId: generateId,
          onEnd: ({ messages }) => saveChat({ id, messages, activeStreamId: null }),
        }),
        async consumeSseStream({ stream }) {
          await streams.createNewResumableStream(streamId, () => stream);
          await saveChat({ id, activeStreamId: streamId });
        },
      });
    };

    const resume = async (id: string): Promise<Response> => {
      const { activeStreamId } = await readChat(id);
      if (activeStreamId === null) return new Response(null, { status: 204 });
      const stream = await streams.resumeExistingStream(activeStreamId);
      return new Response(stream?.pipeThrough(new TextEncoderStream()) ?? null, {
        headers: UI_MESSAGE_STREAM_HEADERS,
      });
    };

    const stop = async (id: string, request: Request): Promise<Response> => {
      const { activeStreamId, messages } = await readChat(id);
      if (activeStreamId === null) return Response.json({ success: true });
      const { assistantMessage }: { assistantMessage?: UIMessage } = await request.json();
      // A merge: what a client has seen does not replace a message of the server.
      const isNew = !messages.some((message) => message.id === assistantMessage?.id);
      if (assistantMessage && isNew) await saveChat({ id, messages: [...messages, assistantMessage] });
      work.get(activeStreamId)?.abort();
      if ((await readChat(id)).activeStreamId === activeStreamId)
        await saveChat({ id, activeStreamId: null });
      return Response.json({ success: true });
    };

    const server = await webServer(async (request) => {
      const [, id = '', action] =
        /^\/api\/chat\/([^/]+)(?:\/(stream|stop))?$/.exec(new URL(request.url).pathname) ?? [];
      if (action === 'stream') return resume(id);
      if (action === 'stop') return stop(id, request);
      // A page is rendered with the stored messages.
      return request.method === 'GET' ? Response.json((await readChat(id)).messages) : post(request);
    }, place.port);
    return {
      url: server.url,
      async [Symbol.asyncDispose]() {
        await server[Symbol.asyncDispose]();
        store.close();
        publisher.disconnect();
        subscriber.disconnect();
      },
    };
  },

  page(url, id) {
    const api = `${url}/api/chat`;
    return chatPage(id, {
      transport: new DefaultChatTransport({
        api,
        prepareSendMessagesRequest: ({ id, messages }) => ({ body: { id, message: messages.at(-1) } }),
      }),
      messages: async () => (await fetch(`${api}/${id}`)).json(),
      resume: true,
      async beforeStop({ lastMessage }) {
        const assistantMessage = lastMessage?.role === 'assistant' ? lastMessage : undefined;
        await fetch(`${api}/${id}/stop`, { method: 'POST', body: JSON.stringify({ assistantMessage }) });
      },
    });
  },

  /** `activeStreamId` is stored beside the answer, when its first words may have been sent. */
  async hasBegun(place, id) {
    const { readChat, close } = chatStore(place);
    const { activeStreamId } = await readChat(id);
    close();
    return activeStreamId !== null;
  },

  /** The stream's key leaves Redis after a day, or before if Redis evicts keys. */
  async trim({ redisUrl, prefix }) {
    const redis = new Redis(redisUrl);
    await redis.del(await redis.keys(`${prefix}:rs:sentinel:*`));
    redis.disconnect();
  },
};
