import { chatEvents, chatRuns, EventsChatTransport, loadChat } from '../../../../agents/ai/index.ts';
import { createClient } from '../../../../client/index.ts';
import { defineEvents } from '../../../../shared/index.ts';
import { streamStandIn } from '../stand-in/ai-sdk-agent.ts';
import { chatPage } from './chat-page.ts';
import { LEASE_MS, ourServer, trimTopic } from './our-server.ts';
import type { System } from './system.ts';

const catalog = defineEvents(chatEvents);

/** `chatRuns` on the server, `EventsChatTransport` in the page: see docs/agents.md. */
export const ourAiSdk: System = {
  serve: (place) =>
    ourServer(place, catalog, (manager) => {
      chatRuns(manager, { leaseMs: LEASE_MS }).serve(async ({ messages, signal }) => {
        const result = await streamStandIn(place.model, messages, signal);
        return result.toUIMessageStream();
      });
    }),
  page(url, id) {
    const client = createClient({ url, catalog });
    const transport = new EventsChatTransport({ client });
    return chatPage(id, {
      transport,
      messages: () => loadChat(client, id),
      resume: true,
      toldBy: ({ type }) => (type === 'data-gap' ? 'a gap' : undefined),
      toldByError: ({ message }) => (/process .* is gone/.test(message) ? 'the run is lost' : 'an error'),
      dispose: () => client.close(),
    });
  },
  trim: (place, chat) => trimTopic(place, `chat-${chat}`),
};
