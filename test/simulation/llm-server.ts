import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A chat request as an OpenAI-compatible API receives it. */
export interface ChatRequest {
  model: string;
  stream: boolean;
  messages: { role: string; content: string }[];
}

interface Received {
  path: string | undefined;
  authorization: string | undefined;
  body: ChatRequest;
  /** True if the client hung up before the answer was complete. */
  closedEarly: boolean;
}

/** The endpoint's treatment of a request; `say` streams a piece of the answer. */
export type Behaviour = (answer: {
  say(text: string): void;
  end(): void;
  fail(status: number, message: string): void;
  cut(): void;
}) => void | Promise<void>;

/** A small OpenAI-compatible endpoint that streams, on a free port of this machine. */
export async function llmServer(behave: Behaviour) {
  const received: Received[] = [];
  const server = createServer((request, response) => void handle(request, response));

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const chunk of request) text += chunk;
    const { url: path, headers } = request;
    const entry = { path, authorization: headers.authorization, body: JSON.parse(text), closedEarly: false };
    received.push(entry);
    response.on('close', () => {
      entry.closedEarly = !response.writableFinished;
    });
    const send = (data: string): void => {
      if (!response.headersSent) response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(`data: ${data}\n\n`);
    };
    const chunk = (delta: object, finish_reason: string | null): string =>
      JSON.stringify({
        id: 'chat-1',
        object: 'chat.completion.chunk',
        created: 0,
        model: entry.body.model,
        choices: [{ index: 0, delta, finish_reason }],
      });
    await behave({
      say: (content) => send(chunk({ role: 'assistant', content }, null)),
      end() {
        send(chunk({}, 'stop'));
        send('[DONE]');
        response.end();
      },
      fail(status, message) {
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ error: { message, type: 'error' } }));
      },
      cut: () => void response.destroy(),
    });
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    origin: `http://127.0.0.1:${port}`,
    received,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
