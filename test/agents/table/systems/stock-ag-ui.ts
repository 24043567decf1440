import { HttpAgent } from '@ag-ui/client';
import { type BaseEvent, EventType, type RunAgentInput } from '@ag-ui/core';
import { agUiAgent } from '../stand-in/ag-ui-agent.ts';
import { agUiPage } from './ag-ui-page.ts';
import type { System } from './system.ts';
import { webServer } from './web-server.ts';

/**
 * AG-UI as it comes: a server as docs.ag-ui.com/quickstart/server builds it, one POST that answers with the events of
 * its run, and `HttpAgent`. When a client goes, the run is cancelled, as Starlette's StreamingResponse of that page does
 * it: an agent's `abortRun` closes the request and tells the server nothing else, so that is the only way to stop a run.
 */
export const stockAgUi: System = {
  serve: ({ model, port }) =>
    webServer(async (request) => {
      const input: RunAgentInput = await request.json();
      return eventStream(runOf(model, input, request.signal));
    }, port),
  page: (url, threadId) => agUiPage(new HttpAgent({ url, threadId, fetch: handlingCancels })),
  async trim() {}, // its server keeps nothing
};

async function* runOf(model: string, input: RunAgentInput, signal: AbortSignal): AsyncGenerator<BaseEvent> {
  const run = { threadId: input.threadId, runId: input.runId };
  yield { type: EventType.RUN_STARTED, ...run };
  yield* agUiAgent(model, input.runId, signal);
  yield { type: EventType.RUN_FINISHED, ...run };
}

function eventStream(events: AsyncGenerator<BaseEvent>): Response {
  const body = new ReadableStream<string>({
    async pull(controller) {
      const { value, done } = await events.next();
      if (done) controller.close();
      else controller.enqueue(`data: ${JSON.stringify(value)}\n\n`);
    },
  });
  return new Response(body.pipeThrough(new TextEncoderStream()), {
    headers: { 'content-type': 'text/event-stream' },
  });
}

/**
 * When a response breaks, `HttpAgent` cancels its reader, which rejects, and leaves that rejection to nobody. A browser
 * writes it to its console; here it would fail the run of the tests.
 */
async function handlingCancels(url: string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, init);
  const { body } = response;
  if (body === null) return response;
  const reader = body.getReader();
  const cancel = reader.cancel.bind(reader);
  reader.cancel = (reason) => cancel(reason).catch(() => {});
  body.getReader = new Proxy(body.getReader, { apply: () => reader });
  return response;
}
