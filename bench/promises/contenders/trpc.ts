import { type EventEmitter, on } from 'node:events';
import { createServer } from 'node:http';
import { createTRPCClient, createWSClient, wsLink } from '@trpc/client';
import { initTRPC, tracked } from '@trpc/server';
import { applyWSSHandler } from '@trpc/server/adapters/ws';
import { WebSocket, WebSocketServer } from 'ws';
import { listen } from '../../peers/listen.ts';
import type { Contender, Tick } from '../contender.ts';
import { tickSource } from './tick-source.ts';

function routerOf(emitter: EventEmitter) {
  const t = initTRPC.create();
  return t.router({
    ticks: t.procedure.subscription(async function* ({ signal }) {
      const ticks = on(emitter, 'tick', signal ? { signal } : {}) as AsyncIterable<[Tick]>;
      for await (const [tick] of ticks) yield tracked(`${tick.n}`, tick);
    }),
  });
}

/** tRPC with an EventEmitter, as on https://trpc.io/docs/server/subscriptions. Events missed by a client are its application's to read from a database. */
export const trpc: Contender = {
  async serve(redisUrl) {
    const { emitter, publish } = await tickSource(redisUrl);
    const http = createServer();
    applyWSSHandler({
      wss: new WebSocketServer({ server: http }),
      router: routerOf(emitter),
      keepAlive: { enabled: true },
    });
    return { url: (await listen(http)).replace('ws:', 'http:'), publish };
  },
  async follow(url) {
    const socket = createWSClient({
      url: url.replace('http:', 'ws:'),
      WebSocket: WebSocket as never, // Node 20 has none of its own
    });
    const client = createTRPCClient<ReturnType<typeof routerOf>>({ links: [wsLink({ client: socket })] });
    const numbers: number[] = [];
    const told: string[] = [];
    await new Promise<void>((resolve) => {
      client.ticks.subscribe(undefined, {
        onStarted: () => resolve(),
        onData: ({ data }) => numbers.push(data.n),
        onError: ({ message }) => told.push(message),
      });
    });
    return { numbers, told, [Symbol.asyncDispose]: () => socket.close() };
  },
};
