/** A stock tRPC client under the harness. `loses` and `repeats` break it on purpose: what the runner must find. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  createTRPCUntypedClient,
  createWSClient,
  isTRPCClientError,
  type TRPCUntypedClient,
  wsLink,
} from '@trpc/client';
import type { AnyTRPCRouter } from '@trpc/server';
import superjson from 'superjson';
import { WebSocket } from 'ws';
import { PROTOCOL_HEADER } from '../../shared/index.ts';
import { type Adapter, type Listener, nextOf, serve, type ToldError } from './adapter.ts';

const fault = process.argv[2];
/** Ms between two attempts of a publish. */
const RETRY_MS = 100;

type Item = Parameters<Listener['item']>[0];

let socket: ReturnType<typeof createWSClient> | undefined;
let trpc: TRPCUntypedClient<AnyTRPCRouter> | undefined;
const current = (): TRPCUntypedClient<AnyTRPCRouter> => trpc ?? missing();

function missing(): never {
  throw new Error('Not connected');
}

const adapter: Adapter = {
  connect({ url, tokens, version }) {
    socket = createWSClient({
      url,
      WebSocket: WebSocket as never,
      keepAlive: { enabled: true, intervalMs: 2_000, pongTimeoutMs: 1_000 },
      connectionParams:
        tokens || version
          ? () => ({
              ...(tokens && { token: nextOf(tokens) }),
              ...(version && { [PROTOCOL_HEADER]: version }),
            })
          : null,
    });
    trpc = createTRPCUntypedClient({ links: [wsLink({ client: socket, transformer: superjson })] });
  },
  subscribe(type, input, listener) {
    let last: Item | undefined;
    let subscription: { unsubscribe(): void };
    const start = (from: object): void => {
      let connected = false;
      const onConnectionStateChange = ({ state }: { state: string }): void => {
        if (state === 'pending') connected = true;
        if (state !== 'connecting' || !connected) return;
        connected = false;
        if (fault === 'repeats' && last) listener.item(last);
        if (fault !== 'loses') return;
        subscription.unsubscribe();
        setImmediate(() => start(input)); // without its cursor
      };
      const onData = ({ data }: { data: Item }): void => {
        listener.item(data);
        last = data;
      };
      const callbacks = { onData, onError: listener.error, onConnectionStateChange };
      subscription = current().subscription(`on.${type}`, from, callbacks as never);
    };
    start(input);
    return () => subscription.unsubscribe();
  },
  async publish(type, data, topic) {
    const input = { data, topic, idempotencyKey: randomUUID() };
    for (;;) {
      try {
        return await current().mutation(`publish.${type}`, input);
      } catch (error) {
        if (toTold(error).reason !== null) throw error;
        await sleep(RETRY_MS); // the connection was lost: again, under the same key
      }
    }
  },
  history: (input) => current().query('history', input),
  async close() {
    await socket?.close();
  },
};

function toTold(error: unknown): ToldError {
  const shape: { reason?: string | null; issues?: ToldError['issues'] } =
    isTRPCClientError(error) && error.data !== undefined ? (error.data as object) : {};
  const message = error instanceof Error ? error.message : String(error);
  return { reason: shape.reason ?? null, message, issues: shape.issues ?? [] };
}

serve(
  '@trpc/client',
  // Not keep-alive: it waits for its socket's close, which a dead connection takes half a minute for.
  ['publish', 'retry', 'history', 'params', 'moves', 'superjson'],
  adapter,
  toTold,
);
