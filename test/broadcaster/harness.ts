import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AnyTRPCRouter } from '@trpc/server';
import { applyWSSHandler, type WSSHandlerOptions } from '@trpc/server/adapters/ws';
import { expect } from 'vitest';
import { type ClientOptions, type RawData, type ServerOptions, WebSocket, WebSocketServer } from 'ws';
import { applyBroadcastWSSHandler } from '../../server/broadcaster/apply-handler.ts';
import type { LimitOptions } from '../../server/broadcaster/core/limits.ts';
import type { BroadcastOptions } from '../../server/broadcaster/core/options.ts';

export type Apply = typeof applyWSSHandler;

/** The two adapters that must behave alike: tRPC's own, and ours. */
export const ADAPTERS: [string, Apply][] = [
  ['stock', applyWSSHandler],
  ['broadcast', applyBroadcastWSSHandler],
];

/** Our adapter with options of its own. */
export function withLimits(limits: LimitOptions): Apply {
  return (options) => applyBroadcastWSSHandler({ ...options, ...limits });
}

/** Our adapter with a way past iteration. */
export function withLive(live: BroadcastOptions['live']): Apply {
  const ours: BroadcastOptions = { live };
  return (options) => applyBroadcastWSSHandler({ ...options, ...ours });
}

export interface TestServer extends AsyncDisposable {
  url: string;
  port: number;
  wss: WebSocketServer;
  handler: ReturnType<Apply>;
  /** Connects a client that speaks frames. `path` may bring a query. */
  connect(path?: string, options?: ClientOptions): Promise<RawClient>;
}

/** A server for a router on a free port. `options` go to the adapter, ours included. */
export async function startServer<TRouter extends AnyTRPCRouter>(
  apply: (options: WSSHandlerOptions<TRouter>) => ReturnType<Apply>,
  options: Omit<WSSHandlerOptions<TRouter>, 'wss'>,
  wsOptions: ServerOptions = {},
): Promise<TestServer> {
  const http = createServer();
  const wss = new WebSocketServer({ server: http, ...wsOptions });
  const handler = apply({ ...options, wss } as WSSHandlerOptions<TRouter>);
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const { port } = http.address() as AddressInfo;
  const url = `ws://127.0.0.1:${port}`;
  return {
    url,
    port,
    wss,
    handler,
    async connect(path = '/', clientOptions = {}) {
      const client = new RawClient(url + path, clientOptions);
      await client.opened;
      return client;
    },
    async [Symbol.asyncDispose]() {
      for (const client of wss.clients) client.terminate();
      wss.close();
      http.close();
      http.closeAllConnections();
      await once(http, 'close');
    },
  };
}

/** A frame as the server sent it, parsed. */
export interface Frame {
  id?: number | string | null;
  jsonrpc?: '2.0';
  method?: string;
  result?: { type: string; id?: string; data?: unknown };
  error?: { code: number; message: string; data: Record<string, unknown> };
}

/** A client without any tRPC in it: what it sends and receives is what is on the wire. */
export class RawClient {
  readonly ws: WebSocket;
  readonly opened: Promise<unknown>;
  /** Resolves with the close code. */
  readonly closed: Promise<number>;
  /** Every text message that is JSON, in order. */
  readonly frames: Frame[] = [];
  /** Every other message. */
  readonly others: string[] = [];

  constructor(url: string, options: ClientOptions = {}) {
    this.ws = new WebSocket(url, options);
    this.opened = once(this.ws, 'open');
    this.closed = new Promise((resolve) => this.ws.once('close', resolve));
    this.ws.on('error', () => {});
    this.ws.on('message', (raw) => {
      const text = raw.toString();
      if (text.startsWith('{')) this.frames.push(JSON.parse(text));
      else this.others.push(text);
    });
  }

  send(message: unknown): void {
    this.ws.send(typeof message === 'string' || Buffer.isBuffer(message) ? message : JSON.stringify(message));
  }

  call(
    id: number | string | null,
    method: 'query' | 'mutation' | 'subscription',
    path: string,
    input?: unknown,
  ): void {
    this.send({ id, method, params: { path, input } });
  }

  stop(id: number | string): void {
    this.send({ id, method: 'subscription.stop' });
  }

  /** The frames of one request so far. */
  of(id: number | string | null): Frame[] {
    return this.frames.filter((frame) => frame.id === id);
  }

  /** Answers to one request so far, in short: `started`, `data:…`, `error:CODE`, `stopped`. */
  story(id: number | string | null): string[] {
    return this.of(id).map(({ result, error }) => {
      if (error) return `error:${error.data['code']}`;
      return result?.type === 'data' ? `data:${JSON.stringify(result.data)}` : `${result?.type}`;
    });
  }

  /** Waits until one request has got exactly this. */
  async expectStory(id: number | string | null, story: string[]): Promise<void> {
    await until(() => expect(this.story(id)).toEqual(story));
  }

  /** Waits for the `n`-th frame of one request. */
  async frame(id: number | string | null, n = 0): Promise<Frame> {
    return await until(() => {
      const frame = this.of(id)[n];
      if (!frame) throw new Error(`no frame ${n} of ${id}, of ${this.frames.length} in all`);
      return frame;
    });
  }

  /** Resolves once the server has read everything sent before: it answers heartbeats at once, and in order. */
  async flushed(): Promise<void> {
    this.send('PING');
    await new Promise<void>((resolve) => {
      const onMessage = (raw: RawData) => {
        if (raw.toString() !== 'PONG') return;
        this.ws.off('message', onMessage);
        resolve();
      };
      this.ws.on('message', onMessage);
    });
  }
}

const realTimeout = globalThis.setTimeout;

/** Waits until `check` no longer throws, 20 s at most. Fake timers are left alone, which `vi.waitFor` would advance. */
export async function until<T>(check: () => T): Promise<T> {
  const deadline = performance.now() + 20_000;
  for (;;) {
    try {
      return check();
    } catch (cause) {
      if (performance.now() > deadline) throw cause;
    }
    await new Promise((resolve) => realTimeout(resolve, 2));
  }
}
