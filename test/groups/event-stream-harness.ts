import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { AnyTRPCRouter } from '@trpc/server';
import { createHTTPHandler } from '@trpc/server/adapters/standalone';
import { EventStreams, type EventStreamsOptions } from '../../server/broadcaster/sse/event-streams.ts';

type Options = Partial<Pick<EventStreamsOptions, 'createContext' | 'highWaterBytes'>> & {
  onError?: (failure: { error: Error; path: string | undefined }) => void;
};

/** Serves a router by GET. */
export type Serve = (
  router: AnyTRPCRouter,
  options: Options,
) => (req: IncomingMessage, res: ServerResponse) => void;

const stock: Serve = (router, { createContext = () => ({}), onError = () => {} }) =>
  createHTTPHandler({ router, createContext: async (options) => createContext(options), onError });

const grouped: Serve = (router, { createContext = () => ({}), highWaterBytes, onError }) => {
  const streams = new EventStreams({
    router,
    createContext,
    maxBatchSize: 10,
    responseMeta: () => ({}),
    highWaterBytes,
  });
  return async (request, response) => {
    const path = request.url?.split('?', 1)[0]?.slice(1) ?? '';
    const answer = await streams.answer({
      request,
      response,
      path,
      name: 'test',
      headers: () => ({}),
      onError,
    });
    if (!answer) return;
    response.writeHead(answer.status, Object.fromEntries(answer.headers));
    response.flushHeaders();
    for await (const chunk of answer.body ?? []) response.write(chunk);
    response.end();
  };
};

/** The two that must answer alike: tRPC's own streams, and ours. */
export const STREAMS: readonly [string, Serve][] = [
  ['iterated by tRPC', stock],
  ['in groups', grouped],
];

export interface StreamServer extends AsyncDisposable {
  readonly url: string;
  /** The server's side of each connection, in the order they came. */
  readonly sockets: Socket[];
}

/** A server of event streams, on Node's own HTTP server. */
export async function startStreams(
  serve: Serve,
  router: AnyTRPCRouter,
  options: Options = {},
): Promise<StreamServer> {
  const sockets: Socket[] = [];
  const server = createServer(serve(router, options)).on('connection', (socket) => sockets.push(socket));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sockets,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** One event as it came. */
export interface SentEvent {
  readonly event?: string;
  readonly id?: string;
  readonly data: string;
}

/** An item of the subscription. */
interface SentItem {
  readonly id: string;
  readonly event_type: string;
  readonly data: Record<string, unknown>;
}

/** Characters of the text itself that a client keeps. */
const KEPT = 64 * 1024;

/** A client that keeps what it gets, and reads only while it wants to. */
export class StreamClient {
  readonly response: IncomingMessage;
  /** Its beginning, as it came. */
  text = '';
  ended = false;
  /** The events so far, whole ones only. */
  readonly events: SentEvent[] = [];
  /** The subscription's items among them. */
  readonly items: SentItem[] = [];
  #rest = '';

  private constructor(response: IncomingMessage) {
    this.response = response.setEncoding('utf8');
    response.on('data', (chunk: string) => this.#receive(chunk));
    response.on('end', () => {
      this.ended = true;
    });
    response.on('error', () => {});
  }

  static async open(
    { url }: StreamServer,
    path: string,
    input?: unknown,
    headers: Record<string, string> = {},
  ): Promise<StreamClient> {
    const query = input === undefined ? '' : `?input=${encodeURIComponent(JSON.stringify(input))}`;
    const request = get(`${url}/${path}${query}`, { headers, agent: false }).on('error', () => {});
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    return new StreamClient(response);
  }

  /** The messages of agents among those. */
  get messages(): string[] {
    return this.items.flatMap(({ event_type, data }) =>
      event_type === 'agent_message' ? [String(data['message'])] : [],
    );
  }

  /** Hangs up. */
  close(): void {
    this.response.destroy();
  }

  #receive(chunk: string): void {
    if (this.text.length < KEPT) this.text += chunk;
    const blocks = (this.#rest + chunk).split('\n\n\n');
    this.#rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = block
        .split('\n')
        .map((line) => [line.split(': ', 1)[0], line.slice(line.indexOf(': ') + 2)]);
      const event = Object.fromEntries(fields) as SentEvent;
      this.events.push(event);
      if (event.event !== undefined) continue;
      const parsed = JSON.parse(event.data);
      this.items.push({ id: event.id ?? '', ...('json' in Object(parsed) ? parsed.json : parsed) });
    }
  }
}
