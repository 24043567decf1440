import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { expect } from 'vitest';
import { WebSocketServer } from 'ws';
import type { COMPRESSION } from '../../server/index.ts';
import { agentMessage } from '../support/events.ts';

export const H2C =
  'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n';
export const KEY = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n';
export const BODY = JSON.stringify({ data: agentMessage('offered') });

export const get = (path: string, more = ''): string =>
  `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`;
export const post = (more: string, body: string): string =>
  `POST /trpc/publish.agent_message HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n${more}\r\n${body}`;
export const upgrade = (offer = 'websocket', more = ''): string =>
  get('/trpc', `Upgrade: ${offer}\r\nConnection: keep-alive, Upgrade\r\n${KEY}${more}`);

/** A connection that says what it is told to, and keeps what it is answered. */
export class Raw implements Disposable {
  text = '';
  readonly #socket: Socket;

  constructor(port: number) {
    this.#socket = connect(port, '127.0.0.1').setEncoding('latin1');
    this.#socket.on('data', (text) => {
      this.text += text;
    });
    this.#socket.on('error', () => {}); // it may be cut
  }

  write(text: string | Buffer): void {
    this.#socket.write(text);
  }

  get statuses(): number[] {
    return [...this.text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status));
  }

  get isClosed(): boolean {
    return this.#socket.closed;
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

export async function answers(port: number, text: string, count = 1): Promise<number[]> {
  using raw = new Raw(port);
  raw.write(text);
  await expect.poll(() => raw.statuses.length).toBe(count);
  return raw.statuses;
}

/** Node alone: a server with WebSockets that serves HTTP beside them, and so gives each upgrade away. */
export async function naive(
  serve: RequestListener = (_, response) => void setTimeout(() => response.end('served'), 20),
  perMessageDeflate: typeof COMPRESSION | false = false,
) {
  const wss = new WebSocketServer({ noServer: true, perMessageDeflate });
  const server: Server = createServer(serve);
  server.on('upgrade', (request, socket, head) => wss.handleUpgrade(request, socket, head, () => {}));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    [Symbol.dispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}
