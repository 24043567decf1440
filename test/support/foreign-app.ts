import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AnyTRPCRouter } from '@trpc/server';
import { createHTTPHandler } from '@trpc/server/adapters/standalone';
import { WebSocketServer } from 'ws';
import { applyBroadcastWSSHandler, WEBSOCKET_LIMITS } from '../../server/index.ts';

export interface ForeignApp extends AsyncDisposable {
  /** `http://127.0.0.1:<port>`; tRPC is below /trpc, over HTTP and WebSocket. */
  readonly url: string;
  readonly wsUrl: string;
  /** The user of each connection and request so far. */
  readonly users: (string | null)[];
  /** The params of each connection so far. */
  readonly params: unknown[];
  /** Ends all WebSockets without a word. */
  drop(): void;
}

/** Another team's server: it knows its users by a connection param, or a header. */
export async function startForeignApp(router: AnyTRPCRouter): Promise<ForeignApp> {
  const users: (string | null)[] = [];
  const params: unknown[] = [];
  const contextOf = (user: string | null) => {
    users.push(user);
    return { user };
  };
  const answer = createHTTPHandler({
    router,
    basePath: '/trpc/',
    createContext: ({ req }) => contextOf(req.headers['x-user']?.toString() ?? null),
  });
  const http = createServer((req, res) => {
    if (req.method === 'POST' && req.url?.split('?', 1)[0] === '/trpc') void handler.serveStream(req, res);
    else answer(req, res);
  });
  const wss = new WebSocketServer({ server: http, path: '/trpc', ...WEBSOCKET_LIMITS });
  const handler = applyBroadcastWSSHandler({
    wss,
    router,
    createContext: ({ info }) => {
      params.push(info.connectionParams);
      return contextOf(info.connectionParams?.['user'] ?? null);
    },
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as AddressInfo;
  const drop = () => {
    for (const socket of wss.clients) socket.terminate();
  };
  return {
    url: `http://127.0.0.1:${port}`,
    wsUrl: `ws://127.0.0.1:${port}/trpc`,
    users,
    params,
    drop,
    async [Symbol.asyncDispose]() {
      drop();
      http.close();
      http.closeAllConnections();
    },
  };
}
