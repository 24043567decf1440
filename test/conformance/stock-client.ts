/** A stock tRPC client under the harness. An argument breaks it on purpose, in a way that the runner must find: see `fault`. */
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
import { type Adapter, type Item, nextOf, type ToldError } from './adapter.ts';
import { serve } from './process.ts';
import { WholeEvents } from './whole-events.ts';

/**
 * `loses` and `repeats` events when it reconnects; takes a change `twice`; `skips` what has a cursor that it has
 * seen, and so the changes of open events; `dies` when its line is cut, once it has published.
 */
const fault = process.argv[2];
/** The close code of a connection that was cut. */
const CUT = 1006;
/** Ms between two attempts of a publish. */
const RETRY_MS = 100;

let socket: ReturnType<typeof createWSClient> | undefined;
let trpc: TRPCUntypedClient<AnyTRPCRouter> | undefined;
let hasPublished = false;
const current = (): TRPCUntypedClient<AnyTRPCRouter> => trpc ?? missing();

function missing(): never {
  throw new Error('Not connected');
}

const adapter: Adapter = {
  connect({ url, tokens, version }) {
    socket = createWSClient({
      url,
      WebSocket: WebSocket as never,
      ...(fault === 'dies' && {
        retryDelayMs: () => 60_000, // it is dead before it tries again
        onClose: (cause?: { code?: number }) => {
          if (hasPublished && cause?.code === CUT) process.exit(3);
        },
      }),
      keepAlive: { enabled: true, intervalMs: 2_000, pongTimeoutMs: 3_000 }, // a busy machine lets an answer wait
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
    let lastId = '';
    const whole = new WholeEvents(fault === 'twice');
    let subscription: { unsubscribe(): void };
    const start = (from: object): void => {
      let connected = false;
      const onConnectionStateChange = ({ state }: { state: string }): void => {
        if (state === 'pending') connected = true;
        if (state !== 'connecting' || !connected) return;
        connected = false;
        whole.restart();
        if (fault === 'repeats' && last) listener.item(last);
        if (fault !== 'loses') return;
        subscription.unsubscribe();
        setImmediate(() => start(input)); // without its cursor
      };
      const onData = ({ id, data }: { id: string; data: Item }): void => {
        const isNotice = ['stream_synced', 'stream_gap'].includes(data.event_type);
        if (fault === 'skips' && id === lastId && !isNotice) return;
        for (const item of whole.take(data)) listener.item(item);
        [last, lastId] = [data, id];
      };
      const callbacks = { onData, onError: listener.error, onConnectionStateChange };
      subscription = current().subscription(`on.${type}`, from, callbacks as never);
    };
    start(input);
    return () => subscription.unsubscribe();
  },
  publish(type, data, topic) {
    hasPublished = true;
    return insist(`publish.${type}`, { data, topic, idempotencyKey: randomUUID() });
  },
  history: (input) => current().query('history', input),
  answer: (type, id, answer, topic) => insist(`answer.${type}`, { topic, id, answer }),
  async begin(type, data, topic) {
    const { id, key, length } = await insist<{ id: string; key: string; length: number }>(`begin.${type}`, {
      ...{ data, topic, key: randomUUID() },
    });
    let at = length;
    return {
      async append(text) {
        ({ length: at } = await insist<{ length: number }>('append', { topic, id, key, at, text }));
      },
      done: () => insist('settle', { topic, id, key, state: 'done' }).catch(unlessDone),
    };
  },
  async close() {
    await socket?.close();
  },
};

/** Sends a call again as it is, its key in it, until it is answered. */
async function insist<Answer>(path: string, input: object): Promise<Answer> {
  for (;;) {
    try {
      return (await current().mutation(path, input)) as Answer;
    } catch (error) {
      if (toTold(error).reason !== null) throw error;
      await sleep(RETRY_MS); // the connection was lost
    }
  }
}

/** The answer of an earlier try may have been lost. @throws the error, where another settled it */
function unlessDone(error: unknown): unknown {
  const data = isTRPCClientError(error)
    ? (error.data as { settled?: { state: string } } | undefined)
    : undefined;
  if (data?.settled?.state === 'done') return data.settled;
  throw error;
}

function toTold(error: unknown): ToldError {
  const shape: { reason?: string | null; issues?: ToldError['issues'] } =
    isTRPCClientError(error) && error.data !== undefined ? (error.data as object) : {};
  const message = error instanceof Error ? error.message : String(error);
  return { reason: shape.reason ?? null, message, issues: shape.issues ?? [] };
}

serve({
  client: '@trpc/client',
  // Not keep-alive: it waits for its socket's close, which a dead connection takes half a minute for.
  capabilities: [
    'publish',
    'retry',
    'history',
    'params',
    'moves',
    'superjson',
    'open-events',
    'answers',
    'begins',
  ],
  adapter,
  toTold,
});
