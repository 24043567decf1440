import { createServer } from 'node:http';
import { createHTTPHandler } from '@trpc/server/adapters/standalone';
import { listen } from './listen.ts';
import type { Handshake, Peer } from './peer.ts';
import { documentedRouter } from './trpc.ts';
import { wholeServer } from './whole-server.ts';

const handshake = (sign: string): Handshake => ({
  path: '/trpc/on.any',
  isStream: true,
  opening: () => ({}),
  step: (text) => ({ ready: text.includes(sign) }),
});

/** This project over server-sent events: the whole server, as `startServer` makes it. */
export const oursSse: Peer = { handshake: handshake('stream_synced'), serve: wholeServer };

/** tRPC as its documentation shows it, with the stock HTTP handler. */
export const trpcSse: Peer = {
  handshake: handshake('event: connected'),
  async serve() {
    const { router, ...peer } = documentedRouter();
    const http = createServer(createHTTPHandler({ router, basePath: '/trpc/' }));
    return { url: await listen(http), ...peer };
  },
};
