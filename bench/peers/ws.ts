import { once } from 'node:events';
import { createServer } from 'node:http';
import { WebSocket, WebSocketServer } from 'ws';
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

/** A server that sends each message of a client to all of them, as the documentation of `ws` shows it. */
export const wsBroadcast: Peer = {
  handshake,
  async serve() {
    const http = createServer();
    const { clients } = new WebSocketServer({ server: http }).on('connection', (sender) => {
      sender.on('message', (message, isBinary) => {
        for (const client of clients) client.send(message, { binary: isBinary });
      });
    });
    return {
      url: await listen(http),
      publish() {
        throw new TypeError('wsBroadcast: its clients publish');
      },
      subscribers: () => clients.size,
    };
  },
  async connectPublisher(url) {
    const socket = new WebSocket(url);
    await once(socket, 'open');
    // Its own message comes back to it when it has been sent to all that came before.
    return async (event) => {
      socket.send(JSON.stringify(event));
      await once(socket, 'message');
    };
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
