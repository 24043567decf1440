import { createServer } from 'node:http';
import { createAdapter } from '@socket.io/redis-adapter';
import { Redis } from 'ioredis';
import { Server } from 'socket.io';
import { io as connect } from 'socket.io-client';
import { listen } from '../../peers/listen.ts';
import type { Contender, Tick } from '../contender.ts';

/**
 * Socket.IO with its connection state recovery, https://socket.io/docs/v4/connection-state-recovery. Through Redis with its
 * adapter, https://socket.io/docs/v4/redis-adapter, which has no recovery.
 */
export const socketIo: Contender = {
  async serve(redisUrl) {
    const http = createServer();
    const io = new Server(http, { serveClient: false, connectionStateRecovery: {} });
    if (redisUrl !== undefined) {
      const connections = [new Redis(redisUrl), new Redis(redisUrl)];
      for (const connection of connections) connection.on('error', () => {}); // it connects again by itself
      io.adapter(createAdapter(connections[0], connections[1]));
    }
    return {
      url: (await listen(http)).replace('ws:', 'http:'),
      publish: (tick) => void io.emit('tick', tick),
    };
  },
  async follow(url) {
    const socket = connect(url, { transports: ['websocket'] });
    const numbers: number[] = [];
    const told: string[] = [];
    socket.on('tick', ({ n }: Tick) => void numbers.push(n));
    let isFirst = true;
    await new Promise<void>((resolve) => {
      socket.on('connect', () => {
        if (!isFirst && !socket.recovered) told.push('connected anew, not recovered');
        isFirst = false;
        resolve();
      });
    });
    return { numbers, told, [Symbol.asyncDispose]: async () => void socket.disconnect() };
  },
};
