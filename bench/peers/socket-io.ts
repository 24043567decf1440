import { createServer } from 'node:http';
import { Server } from 'socket.io';
import { listen } from './listen.ts';
import type { Peer, Step } from './peer.ts';

const ROOM = 'run';

/** Socket.IO emitting to a room, over WebSocket from the start. */
export const socketIo: Peer = {
  handshake: {
    path: '/socket.io/?EIO=4&transport=websocket',
    opening: () => ({}),
    step: (text): Step => {
      if (text.startsWith('0{')) return { send: '40' };
      if (text === '2') return { send: '3' };
      return { ready: text.startsWith('40{') };
    },
  },
  async serve() {
    const http = createServer();
    const io = new Server(http, { transports: ['websocket'], serveClient: false, pingInterval: 600_000 });
    io.on('connection', (socket) => socket.join(ROOM));
    return {
      url: await listen(http),
      publish: (event) => {
        io.to(ROOM).emit(event.event_type, event);
      },
      subscribers: () => io.sockets.adapter.rooms.get(ROOM)?.size ?? 0,
    };
  },
};
