import { once } from 'node:events';
import { createServer, request as forward, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect as connectTo, type Socket } from 'node:net';

/** Ways of a proxy. */
export interface ProxyOptions {
  /** An upgrade is answered with 400, never, or with 101 and then nothing. Default: it is passed on. */
  upgrades?: 'refused' | 'hang' | 'swallow';
  /** True if an answer is sent when it is whole; `beginnings`: but for what comes until a subscription has caught up. */
  buffers?: boolean | 'beginnings';
  /** Ms after which a connection is cut on which nothing goes in either direction. */
  idleMs?: number;
}

export interface Proxy extends AsyncDisposable {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** Connections of clients that were cut since they were idle. */
  readonly cuts: number;
  /** Answers that go on, of which the beginning was passed on, and the rest is held back. */
  readonly held: number;
  /** Upgrades that were asked for. */
  readonly upgrades: number;
}

/** A proxy before a server, with the faults that proxies have. */
export async function startProxy(upstream: string, options: ProxyOptions): Promise<Proxy> {
  const { hostname, port } = new URL(upstream);
  const counts = { cuts: 0, upgrades: 0 };
  const held = new Set<ServerResponse>();
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): void => {
    if (sockets.has(socket)) return;
    sockets.add(socket);
    socket.on('error', () => {}).once('close', () => sockets.delete(socket));
  };
  const server = createServer((request, response) =>
    pass({ hostname, port, buffers: options.buffers, held }, request, response),
  );
  // Else a connection that carries a second request, as those of browsers do, has no limit any more.
  if (options.idleMs !== undefined)
    Object.assign(server, { timeout: options.idleMs, keepAliveTimeout: options.idleMs });
  server.on('connection', (socket: Socket) => {
    keep(socket);
    if (options.idleMs === undefined) return;
    socket.setTimeout(options.idleMs, () => {
      counts.cuts++;
      socket.destroy();
    });
  });
  server.on('upgrade', (request, socket: Socket, head) => {
    counts.upgrades++;
    if (options.upgrades === 'hang') return;
    if (options.upgrades === 'refused') {
      socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
      return;
    }
    const to = connectTo(Number(port), hostname);
    keep(to);
    const headers = Object.entries(request.headers).map(([name, value]) => `${name}: ${value}`);
    to.write(`GET ${request.url} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n`);
    to.write(head);
    if (options.upgrades === 'swallow') to.once('data', (answer) => socket.write(answer));
    else socket.pipe(to).pipe(socket);
    socket.once('close', () => to.destroy());
    to.once('close', () => socket.destroy());
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get cuts() {
      return counts.cuts;
    },
    get held() {
      return held.size;
    },
    get upgrades() {
      return counts.upgrades;
    },
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

interface PassOptions {
  hostname: string;
  port: string;
  buffers: ProxyOptions['buffers'];
  /** Has each answer from where its beginning is over until it ends. */
  held: Set<ServerResponse>;
}

function pass(
  { hostname, port, buffers, held }: PassOptions,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const { method, url, headers } = request;
  const to = forward({ hostname, port, method, path: url, headers, agent: false });
  to.on('error', () => response.destroy());
  response.once('close', () => {
    held.delete(response);
    to.destroy();
  });
  to.on('response', (answer) => {
    answer.on('error', () => response.destroy());
    const begin = (): void => void response.writeHead(answer.statusCode ?? 502, answer.headers);
    if (!buffers) {
      begin();
      response.flushHeaders();
      answer.pipe(response);
      return;
    }
    const pieces: Buffer[] = [];
    let beginning = '';
    let isBeginning = buffers === 'beginnings';
    if (isBeginning) begin();
    answer.on('data', (piece: Buffer) => {
      if (!isBeginning) return void pieces.push(piece);
      response.write(piece);
      beginning += piece.toString('latin1'); // a piece may end within a character, and within the word
      isBeginning = !beginning.includes('stream_synced');
      if (!isBeginning) held.add(response);
    });
    answer.on('end', () => {
      if (!response.headersSent) begin();
      response.end(Buffer.concat(pieces));
    });
  });
  request.pipe(to);
}
