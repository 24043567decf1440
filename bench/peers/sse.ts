import { EventEmitter, on } from 'node:events';
import { createServer } from 'node:http';
import { initTRPC, tracked } from '@trpc/server';
import { createHTTPHandler } from '@trpc/server/adapters/standalone';
import superjson from 'superjson';
import { createAppRouter, type EventManager, loadConfig, startServer } from '../../server/index.ts';
import type { AgentMessage } from '../events.ts';
import { listen } from './listen.ts';
import type { Handshake, Peer } from './peer.ts';

const handshake = (sign: string): Handshake => ({
  path: '/trpc/on.any',
  isStream: true,
  opening: () => ({}),
  step: (text) => ({ ready: text.includes(sign) }),
});

/** This project over server-sent events: the whole server, as `startServer` makes it. */
export const oursSse: Peer = {
  handshake: handshake('stream_synced'),
  async serve() {
    let manager: EventManager | undefined;
    const config = loadConfig({ port: 0, simulation: false, monitorIntervalMs: 0, logLevel: 'error' }, {});
    const { url } = await startServer(config, {
      application: (context) => {
        manager = context.manager;
        return { router: createAppRouter(context.manager) };
      },
    });
    return {
      url,
      publish: ({ event_type, data }) => manager?.publish(event_type, data),
      subscribers: () => manager?.stats().subscribers ?? 0,
    };
  },
};

/** tRPC as its documentation shows it: a generator over `events.on`, tracked items, superjson, the stock HTTP handler. */
export const trpcSse: Peer = {
  handshake: handshake('event: connected'),
  async serve() {
    const emitter = new EventEmitter().setMaxListeners(0);
    const t = initTRPC.create({ transformer: superjson });
    const any = t.procedure.subscription(async function* ({ signal }) {
      const events = on(emitter, 'event', signal ? { signal } : {});
      for await (const [id, event] of events as AsyncIterable<[string, AgentMessage]>)
        yield tracked(id, event);
    });
    const router = t.router({ on: t.router({ any }) });
    const http = createServer(createHTTPHandler({ router, basePath: '/trpc/' }));
    let published = 0;
    return {
      url: await listen(http),
      publish: (event) => {
        emitter.emit('event', `1f3a9c42:${1_000_000 + published++}`, event);
      },
      subscribers: () => emitter.listenerCount('event'),
    };
  },
};
