import {
  consumeStream,
  createUIMessageStreamResponse,
  DefaultChatTransport,
  generateId,
  toUIMessageStream,
  type UIMessage,
} from 'ai';
import { streamStandIn } from '../stand-in/ai-sdk-agent.ts';
import { chatPage } from './chat-page.ts';
import { chatStore } from './chat-store.ts';
import type { System } from './system.ts';
import { webServer } from './web-server.ts';

/**
 * The AI SDK as it comes, with `DefaultChatTransport`. The route stores messages when they have ended
 * (ai-sdk.dev/docs/ai-sdk-ui/chatbot-message-persistence), and passes on the request's signal, so that stop stops
 * (ai-sdk.dev/docs/advanced/stopping-streams).
 */
export const stockAiSdk: System = {
  async serve(place) {
    const store = chatStore(place);
    const server = await webServer(async (request) => {
      const url = new URL(request.url);
      // A page is rendered with the stored messages.
      if (request.method === 'GET')
        return Response.json((await store.readChat(url.pathname.slice(1))).messages);
      const { id, messages }: { id: string; messages: UIMessage[] } = await request.json();
      const result = await streamStandIn(place.model, messages, request.signal);
      return createUIMessageStreamResponse({
        stream: toUIMessageStream({
          stream: result.stream,
          originalMessages: messages,
          generateMessageId: generateId,
          onEnd: ({ messages }) => store.saveChat({ id, messages }),
        }),
        consumeSseStream: consumeStream,
      });
    }, place.port);
    return {
      url: server.url,
      async [Symbol.asyncDispose]() {
        await server[Symbol.asyncDispose]();
        store.close();
      },
    };
  },
  page: (url, id) =>
    chatPage(id, {
      transport: new DefaultChatTransport({ api: `${url}/api/chat` }),
      messages: async () => (await fetch(`${url}/${id}`)).json(),
      resume: false,
    }),
  async trim() {}, // nothing is stored before the end
};
