import { EventEmitter, on } from 'node:events';
import { createTRPCClient, createWSClient, type WebSocketClientOptions, wsLink } from '@trpc/client';
import { initTRPC, tracked } from '@trpc/server';
import { observable } from '@trpc/server/observable';
import superjson from 'superjson';
import { describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import * as z from 'zod';
import { ADAPTERS, startServer, until } from './harness.ts';

describe.each(ADAPTERS)('%s adapter: with tRPC’s own client', (_name, apply) => {
  function chat() {
    const events = new EventEmitter();
    const log: string[] = [];
    events.on('message', (text: string) => log.push(text));
    const t = initTRPC.context<{ token: string | undefined }>().create({ transformer: superjson });
    const router = t.router({
      now: t.procedure.query(() => new Date(1)),
      whoami: t.procedure.query(({ ctx }) => ctx.token ?? null),
      say: t.procedure.input(z.string()).mutation(({ input }) => events.emit('message', input)),
      pushed: t.procedure.subscription(() =>
        observable<string>((observer) => {
          const onMessage = (text: string) => observer.next(text);
          events.on('message', onMessage);
          return () => events.off('message', onMessage);
        }),
      ),
      log: t.procedure
        .input(z.object({ lastEventId: z.coerce.number().optional() }).optional())
        .subscription(async function* ({ input, signal }) {
          const live = on(events, 'message', signal ? { signal } : {});
          let next = input?.lastEventId ?? 0;
          for (; next < log.length; next++) yield tracked(String(next + 1), log[next]);
          for await (const [text] of live) yield tracked(String(++next), text as string);
        }),
    });
    return { events, router };
  }

  type Chat = ReturnType<typeof chat>['router'];

  async function start(wsOptions: Partial<WebSocketClientOptions> = {}) {
    const { events, router } = chat();
    const server = await startServer(apply, {
      router,
      createContext: ({ info }) => ({ token: info.connectionParams?.['token'] }),
    });
    const wsClient = createWSClient({
      url: server.url,
      WebSocket: WebSocket as unknown as typeof globalThis.WebSocket,
      retryDelayMs: () => 10,
      ...wsOptions,
    });
    const client = createTRPCClient<Chat>({ links: [wsLink({ client: wsClient, transformer: superjson })] });
    return {
      server,
      events,
      wsClient,
      client,
      async [Symbol.asyncDispose]() {
        await wsClient.close();
        await server[Symbol.asyncDispose]();
      },
    };
  }

  test('queries, mutations and subscriptions are answered', async () => {
    await using ctx = await start();
    expect(await ctx.client.now.query()).toEqual(new Date(1));
    const onData = vi.fn();
    const onComplete = vi.fn();
    const subscription = ctx.client.pushed.subscribe(undefined, { onData, onComplete });
    await until(() => expect(ctx.events.listenerCount('message')).toBe(2));
    await ctx.client.say.mutate('hi');
    await until(() => expect(onData.mock.calls).toEqual([['hi']]));
    subscription.unsubscribe();
    await until(() => expect(ctx.events.listenerCount('message')).toBe(1));
  });

  test('calls of one tick travel as a batch', async () => {
    await using ctx = await start();
    const answers = await Promise.all([ctx.client.now.query(), ctx.client.whoami.query()]);
    expect(answers).toEqual([new Date(1), null]);
  });

  test('connection params reach the context', async () => {
    await using ctx = await start({ connectionParams: async () => ({ token: 'secret' }) });
    expect(await ctx.client.whoami.query()).toBe('secret');
  });

  test('a tracked subscription survives a lost connection without losing an item', async () => {
    await using ctx = await start();
    const received: string[] = [];
    ctx.client.log.subscribe(undefined, { onData: ({ data }) => received.push(data as string) });
    await until(() => expect(ctx.events.listenerCount('message')).toBe(2));
    ctx.events.emit('message', 'one');
    await until(() => expect(received).toEqual(['one']));
    for (const ws of ctx.server.wss.clients) ws.terminate();
    ctx.events.emit('message', 'two'); // to nobody
    await until(() => expect(received).toEqual(['one', 'two']));
    ctx.events.emit('message', 'three');
    await until(() => expect(received).toEqual(['one', 'two', 'three']));
  });

  test('the reconnect notification moves a subscription to a new connection', async () => {
    const onOpen = vi.fn();
    await using ctx = await start({ onOpen });
    const received: string[] = [];
    ctx.client.log.subscribe(undefined, { onData: ({ data }) => received.push(data as string) });
    await until(() => expect(ctx.events.listenerCount('message')).toBe(2));
    ctx.events.emit('message', 'one');
    await until(() => expect(received).toEqual(['one']));
    ctx.server.handler.broadcastReconnectNotification();
    await until(() => expect(onOpen).toHaveBeenCalledTimes(2));
    await until(() => {
      expect(ctx.server.wss.clients.size).toBe(1);
      expect(ctx.events.listenerCount('message')).toBe(2);
    });
    ctx.events.emit('message', 'two');
    await until(() => expect(received).toEqual(['one', 'two']));
  });

  test('a lazy client connects for a call and disconnects after it', async () => {
    await using ctx = await start({ lazy: { enabled: true, closeMs: 0 } });
    expect(ctx.server.wss.clients.size).toBe(0);
    expect(await ctx.client.now.query()).toEqual(new Date(1));
    await until(() => expect(ctx.server.wss.clients.size).toBe(0));
    expect(await ctx.client.whoami.query()).toBe(null);
  });

  test('both sides keep the connection alive', async () => {
    await using ctx = await start({ keepAlive: { enabled: true, intervalMs: 20, pongTimeoutMs: 1_000 } });
    await ctx.client.now.query();
    const pongs = vi.fn();
    ctx.wsClient.connection?.ws?.addEventListener('message', ({ data }) => data === 'PONG' && pongs());
    await until(() => expect(pongs.mock.calls.length).toBeGreaterThan(1));
  });
});
