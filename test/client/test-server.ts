import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { AnyTRPCRouter } from '@trpc/server';
import { createHTTPHandler } from '@trpc/server/adapters/standalone';
import { type WebSocket, WebSocketServer } from 'ws';
import {
  applyBroadcastWSSHandler,
  type ClientConnection,
  createAppRouter,
  EventManager,
  MemoryBroker,
  WEBSOCKET_LIMITS,
} from '../../server/index.ts';
import { type AnyCatalog, type PsycheCatalog, psycheEvents } from '../../shared/index.ts';

export interface TestServer<C extends AnyCatalog> extends AsyncDisposable {
  readonly manager: EventManager<C>;
  /** `http://127.0.0.1:<port>`; tRPC is below /trpc, over HTTP, SSE and WebSocket. */
  readonly url: string;
  readonly wsUrl: string;
  readonly httpUrl: string;
  /** Open WebSockets. */
  readonly sockets: ReadonlySet<WebSocket>;
  /** Number of streams that are open in the place of WebSockets. */
  readonly streams: number;
  /** WebSockets ever opened. */
  readonly connections: number;
  /** The `token` of each connection so far. */
  readonly tokens: (string | undefined)[];
  /** While true, new WebSockets are refused. */
  refusing: boolean;
  /** Ends all WebSockets: without a word, or with a close code. */
  drop(code?: number, reason?: string): void;
  /** Ends everything that is connected, server-sent events too, without a word. */
  dropAll(): void;
  /** Sends nothing more on the connections that are open, and leaves them open. */
  hush(): void;
  /** Asks all clients to connect again, as before a deploy. */
  askToReconnect(): void;
}

export interface TestServerOptions<C extends AnyCatalog> {
  manager?: EventManager<C>;
  catalog?: C;
  /** Default: one that is free. */
  port?: number;
  /** Called for each connection with its token; what it throws refuses the connection. */
  authorize?: (token: string | undefined, socket: WebSocket | undefined) => void;
  /** Asked for each WebSocket: false refuses it. Default: all are taken. */
  admit?: () => boolean;
  /** Default: that of a message. */
  maxCallBytes?: number;
  /** Sees requests first; true if it took one. */
  intercept?: (req: IncomingMessage, res: ServerResponse) => boolean;
}

/** Tells if a request of a client over HTTP has only calls: the stream beside it is its connection. */
function isCalls({ url = '' }: IncomingMessage): boolean {
  return /[?&]calls\b/.test(url);
}

/** A server with everything the client's tests need to see and break. */
export async function startTestServer<C extends AnyCatalog = PsycheCatalog>(
  options: TestServerOptions<C> = {},
): Promise<TestServer<C>> {
  const catalog = options.catalog ?? (psycheEvents as AnyCatalog as C);
  const manager = options.manager ?? new EventManager({ broker: new MemoryBroker(), catalog });
  const router: AnyTRPCRouter = createAppRouter(manager);
  const answer = createHTTPHandler({ router, basePath: '/trpc/' });
  const http = createServer((req, res) => {
    if (options.intercept?.(req, res)) return;
    if (req.method !== 'POST' || !/\/trpc(?:\?|$)/.test(req.url ?? '')) return answer(req, res);
    if (isCalls(req) ? state.refusing : isRefused()) return res.destroy();
    if (!isCalls(req)) state.connections++;
    void handler.serveStream(req, res);
  });
  const connected = new Set<Socket>();
  http.on('connection', (socket: Socket) => {
    connected.add(socket);
    socket.once('close', () => connected.delete(socket));
  });
  const isRefused = () => state.refusing || options.admit?.() === false;
  const streams = new Set<ClientConnection>();
  const state = { refusing: false, connections: 0, streams: 0, tokens: [] as (string | undefined)[] };
  const wss = new WebSocketServer({ noServer: true, ...WEBSOCKET_LIMITS });
  http.on('upgrade', (req, socket, head) => {
    if (isRefused()) {
      socket.destroy();
      return;
    }
    wss.handleUpgrade(req, socket, head, (ws) => {
      state.connections++;
      wss.emit('connection', ws, req);
    });
  });
  const handler = applyBroadcastWSSHandler({
    wss,
    router,
    maxCallBytes: options.maxCallBytes ?? WEBSOCKET_LIMITS.maxPayload, // of a stream too
    createContext: ({ info, req, res, connection }) => {
      if (isCalls(req)) return {};
      if (!wss.clients.has(res)) {
        streams.add(connection);
        state.streams++;
        connection.closed.addEventListener('abort', () => {
          streams.delete(connection);
          state.streams--;
        });
      }
      const token = info.connectionParams?.['token'];
      state.tokens.push(token);
      options.authorize?.(token, res);
      return {};
    },
  });
  await once(http.listen(options.port ?? 0, '127.0.0.1'), 'listening'); // throws if it cannot
  const { port } = http.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  return Object.assign(state, {
    manager,
    url,
    wsUrl: `ws://127.0.0.1:${port}/trpc`,
    httpUrl: `${url}/trpc`,
    sockets: wss.clients,
    drop(code?: number, reason?: string) {
      for (const stream of streams) if (code !== undefined) stream.close(code, reason ?? '');
      if (code === undefined && streams.size > 0) http.closeAllConnections();
      for (const socket of wss.clients) {
        if (code === undefined) socket.terminate();
        else socket.close(code, reason);
      }
    },
    dropAll() {
      for (const socket of wss.clients) socket.terminate();
      http.closeAllConnections();
    },
    hush() {
      for (const socket of connected) socket.cork();
    },
    askToReconnect: () => handler.broadcastReconnectNotification(),
    async [Symbol.asyncDispose]() {
      for (const socket of wss.clients) socket.terminate();
      http.close();
      http.closeAllConnections();
      await manager.close();
    },
  });
}
