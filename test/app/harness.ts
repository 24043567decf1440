import { request as httpRequest } from 'node:http';
import {
  createTRPCClient,
  createWSClient,
  httpBatchLink,
  httpSubscriptionLink,
  splitLink,
  type TRPCClient,
  wsLink,
} from '@trpc/client';
import { EventSource } from 'eventsource';
import superjson from 'superjson';
import { WebSocket } from 'ws';
import {
  type AppRouter,
  type EventServer,
  loadConfig,
  type ServerOptions,
  type ServerParts,
  startServer,
} from '../../server/index.ts';
import type { AnyCatalog, PsycheCatalog } from '../../shared/index.ts';

/** A server on a free port that publishes nothing by itself, and ends with the test. */
export async function startTestServer<C extends AnyCatalog = PsycheCatalog>(
  options: ServerOptions = {},
  parts: ServerParts<C> = {},
): Promise<EventServer<C> & AsyncDisposable> {
  const quiet = { port: 0, simulation: false, logLevel: 'silent', drainMs: 1000, ...options } as const;
  const server = await startServer(loadConfig(quiet, {}), parts);
  return { ...server, [Symbol.asyncDispose]: () => server.close() };
}

/** A stock tRPC client over HTTP: batched queries and mutations, subscriptions as server-sent events. */
export function httpClient(url: string): TRPCClient<AppRouter> {
  const options = { url: `${url}/trpc`, transformer: superjson };
  return createTRPCClient<AppRouter>({
    links: [
      splitLink({
        condition: ({ type }) => type === 'subscription',
        true: httpSubscriptionLink({ ...options, EventSource }),
        false: httpBatchLink(options),
      }),
    ],
  });
}

/** A stock tRPC client over a WebSocket. */
export function wsClient(url: string): { trpc: TRPCClient<AppRouter> } & AsyncDisposable {
  const client = createWSClient({ url: `${url.replace('http', 'ws')}/trpc`, WebSocket: WebSocket as never });
  return {
    trpc: createTRPCClient<AppRouter>({ links: [wsLink({ client, transformer: superjson })] }),
    [Symbol.asyncDispose]: () => client.close(),
  };
}

/** Headers of an upgrade to a WebSocket. */
export const UPGRADE_HEADERS = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': Buffer.alloc(16).toString('base64'),
};

/** The status an upgrade is answered with; 101 when it succeeds. */
export async function upgradeStatus(
  url: string,
  headers: Record<string, string> = {},
): Promise<number | undefined> {
  const request = httpRequest(url, {
    headers: { ...UPGRADE_HEADERS, ...headers },
  });
  request.end();
  return new Promise((resolve, reject) => {
    request.once('error', reject);
    request.once('upgrade', ({ statusCode }, socket) => {
      socket.destroy();
      resolve(statusCode);
    });
    request.once('response', (response) => {
      response.resume();
      resolve(response.statusCode);
    });
  });
}
