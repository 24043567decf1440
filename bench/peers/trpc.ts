import { EventEmitter, on } from 'node:events';
import { createServer } from 'node:http';
import { initTRPC, tracked } from '@trpc/server';
import { applyWSSHandler } from '@trpc/server/adapters/ws';
import superjson from 'superjson';
import { WebSocketServer } from 'ws';
import type { AgentMessage } from '../events.ts';
import { listen } from './listen.ts';
import type { Handshake, Peer } from './peer.ts';

/** A subscription to `on.any`, as any tRPC client asks for it. */
export function subscribeMessage(input: unknown): string {
  const params = { path: 'on.any', input: superjson.serialize(input) };
  return JSON.stringify({ id: 1, method: 'subscription', params });
}

/** A subscription to `on.any` that stands once a text has `sign`. A client that leaves a `PING` unanswered is cut after 30 s. */
export const subscribing = (sign: string): Handshake => ({
  path: '/trpc',
  opening: (input) => ({ send: subscribeMessage(input) }),
  step: (text) => (text === 'PING' ? { send: 'PONG' } : { ready: text.includes(sign) }),
});

const handshake = subscribing('"type":"started"');

/** A router as tRPC's documentation shows it: a generator over `events.on`, tracked items, superjson. */
export function documentedRouter() {
  const emitter = new EventEmitter().setMaxListeners(0);
  const t = initTRPC.create({ transformer: superjson });
  const any = t.procedure.subscription(async function* ({ signal }) {
    const events = on(emitter, 'event', signal ? { signal } : {});
    for await (const [id, event] of events as AsyncIterable<[string, AgentMessage]>) yield tracked(id, event);
  });
  let published = 0;
  return {
    router: t.router({ on: t.router({ any }) }),
    publish: (event: AgentMessage): void => {
      emitter.emit('event', `1f3a9c42:${1_000_000 + published++}`, event);
    },
    subscribers: () => emitter.listenerCount('event'),
  };
}

/** tRPC as its documentation shows it, with the stock ws adapter. */
export const trpc: Peer = {
  handshake,
  async serve() {
    const { router, ...peer } = documentedRouter();
    const http = createServer();
    const wss = new WebSocketServer({ server: http });
    applyWSSHandler({ wss, router });
    return { url: await listen(http), ...peer };
  },
};
