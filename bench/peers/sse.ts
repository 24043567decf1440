import { createServer } from 'node:http';
import { createHTTPHandler } from '@trpc/server/adapters/standalone';
import { createAppRouter, type EventManager, loadConfig, startServer } from '../../server/index.ts';
import { listen } from './listen.ts';
import type { Handshake, Peer } from './peer.ts';
import { documentedRouter } from './trpc.ts';

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

/** tRPC as its documentation shows it, with the stock HTTP handler. */
export const trpcSse: Peer = {
  handshake: handshake('event: connected'),
  async serve() {
    const { router, ...peer } = documentedRouter();
    const http = createServer(createHTTPHandler({ router, basePath: '/trpc/' }));
    return { url: await listen(http), ...peer };
  },
};
