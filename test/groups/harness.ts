import type { Socket } from 'node:net';
import type { ClientOptions, ServerOptions } from 'ws';
import {
  type AppRouter,
  applyBroadcastWSSHandler,
  type BroadcastOptions,
  createAppRouter,
  EventManager,
  MemoryBroker,
  type MemoryBrokerOptions,
} from '../../server/index.ts';
import { type RawClient, startServer, type TestServer } from '../broadcaster/harness.ts';

/**
 * Bytes of the log handed to a connection at once, and its last event beyond that. A kernel may take more from one that does
 * not read at any moment, and then it is refilled.
 */
export const BATCH_BYTES = (256 + 32) * 1024;

/** The whole numbers of a range, both ends included. */
export const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

export interface EventServer extends AsyncDisposable {
  manager: EventManager;
  server: TestServer;
  /** The server's side of each connection, in the order they came. */
  sockets: Socket[];
  /** Connects a client that speaks frames and subscribes to `on.any`; resolves when it is live. */
  subscribe(id?: number | string, input?: unknown, ws?: ClientOptions): Promise<RawClient>;
}

/** An event manager in memory, served by our adapter. */
export async function startEventServer(
  options: BroadcastOptions & { ws?: ServerOptions; broker?: MemoryBrokerOptions } = {},
): Promise<EventServer> {
  const { ws, broker, ...broadcast } = options;
  const manager = new EventManager({ broker: new MemoryBroker(broker) });
  const sockets: Socket[] = [];
  const router = createAppRouter(manager);
  const server = await startServer<AppRouter>(
    (stock) => applyBroadcastWSSHandler({ ...stock, ...broadcast }),
    { router },
    ws,
  );
  server.wss.on('connection', (_, req) => sockets.push(req.socket));
  return {
    manager,
    server,
    sockets,
    async subscribe(id = 1, input = {}, clientOptions = {}) {
      const client = await server.connect('/', clientOptions);
      client.call(id, 'subscription', 'on.any', { json: input });
      await client.frame(id, 1);
      return client;
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await manager.close();
    },
  };
}

/** The items of a subscription as a raw client got them. */
export function itemsOf(
  client: RawClient,
  id: number | string = 1,
): { cursor: string; event_type: string; data: unknown }[] {
  return client.of(id).flatMap(({ result }) => {
    if (result?.type !== 'data') return [];
    const { id: cursor, data } = (
      result.data as { json: { id: string; data: { event_type: string; data: unknown } } }
    ).json;
    return [{ cursor, ...data }];
  });
}

/** The texts of the agent messages among them. */
export function messagesOf(client: RawClient, id?: number | string): string[] {
  return itemsOf(client, id).flatMap(({ event_type, data }) =>
    event_type === 'agent_message' ? [(data as { message: string }).message] : [],
  );
}
