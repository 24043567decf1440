import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import { listen } from './listen.ts';
import type { Handshake, Peer, RunningServer } from './peer.ts';

const handshake: Handshake = { path: '/', opening: () => ({ ready: true }), step: () => ({}) };

/** The least a server can do with `ws`: stringify once, send to each. */
export const ws: Peer = { serve: () => serve(false), handshake };

/** The same with the compression `ws` offers: each connection deflates for itself, with its own window. */
export const wsDeflate: Peer = {
  serve: () => serve(true),
  handshake: {
    ...handshake,
    headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits' },
  },
};

async function serve(deflate: boolean): Promise<RunningServer> {
  const http = createServer();
  const perMessageDeflate = deflate && { threshold: 0 };
  const { clients } = new WebSocketServer({ server: http, perMessageDeflate });
  return {
    url: await listen(http),
    publish: (event) => {
      const text = JSON.stringify(event);
      for (const client of clients) client.send(text);
    },
    subscribers: () => clients.size,
  };
}
