import { createServer } from 'node:http';
import { WebSocket, WebSocketServer } from 'ws';
import { listen } from '../../peers/listen.ts';
import type { Contender, Tick } from '../contender.ts';
import { tickSource } from './tick-source.ts';

/** A WebSocket broadcast, as on https://github.com/websockets/ws#server-broadcast, and a client that connects again after a second. */
export const rawWs: Contender = {
  async serve(redisUrl) {
    const { emitter, publish } = await tickSource(redisUrl);
    const http = createServer();
    const wss = new WebSocketServer({ server: http });
    emitter.on('tick', (tick: Tick) => {
      const text = JSON.stringify(tick);
      for (const client of wss.clients) if (client.readyState === WebSocket.OPEN) client.send(text);
    });
    return { url: (await listen(http)).replace('ws:', 'http:'), publish };
  },
  async follow(url) {
    const numbers: number[] = [];
    let socket: WebSocket | undefined;
    let isOver = false;
    const open = (): Promise<void> =>
      new Promise((resolve) => {
        socket = new WebSocket(url.replace('http:', 'ws:'));
        socket.on('open', resolve).on('error', () => {}); // 'close' follows
        socket.on('message', (text) => void numbers.push((JSON.parse(String(text)) as Tick).n));
        socket.on('close', () => void setTimeout(() => isOver || void open(), 1000));
      });
    await open();
    return {
      numbers,
      told: [],
      [Symbol.asyncDispose]: async () => {
        isOver = true;
        socket?.terminate();
      },
    };
  },
};
