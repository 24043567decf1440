import * as seven from 'ai';
import * as six from 'ai-6';
import * as z from 'zod';
import { type ChatTurn, chatRuns } from '../../../agents/ai/index.ts';
import { type EventManager, runs } from '../../../server/index.ts';
import { startTestServer } from '../../client/test-server.ts';
import { serve } from '../../setup/build-page.ts';
import { chatCatalog, topic } from './chat-world.ts';
import { StandIn } from './stand-in-model.ts';

/** A tool that a page runs: it has no `execute`. */
const tools = {
  where: seven.tool({ inputSchema: z.object({ exact: z.boolean() }), outputSchema: z.string() }),
};

/** Answers of the SDK of a version, by a model. The versions differ in types that make no difference here. */
function answering(version: 'ai 7' | 'ai 6', { model }: StandIn) {
  const { streamText, convertToModelMessages } = version === 'ai 7' ? seven : (six as object as typeof seven);
  return async ({ messages, signal }: ChatTurn) => {
    const prompt = await convertToModelMessages(messages);
    return streamText({ model, messages: prompt, tools, abortSignal: signal }).toUIMessageStream();
  };
}

/** A server with the page of a version, and a model that the test plays. */
export async function startChatServer(
  version: 'ai 7' | 'ai 6',
  page: ReadonlyMap<string, Buffer>,
  { manager, port }: { manager?: EventManager<typeof chatCatalog>; port?: number } = {},
) {
  const standIn = new StandIn();
  const server = await startTestServer({
    catalog: chatCatalog,
    intercept: serve(page),
    ...(manager && { manager }),
    ...(port !== undefined && { port }),
  });
  chatRuns(server.manager).serve(answering(version, standIn));
  return Object.assign(server, { standIn, all: runs(server.manager, { topic }) });
}
