import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { initTRPC, TRPCError } from '@trpc/server';
import type { CreateWSSContextFnOptions } from '@trpc/server/adapters/ws';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { WebSocketServer } from 'ws';
import { applyBroadcastWSSHandler } from '../../server/broadcaster/apply-handler.ts';
import { Broadcaster, createAccessContext, Sessions } from '../../server/index.ts';
import { ALL } from '../access/harness.ts';
import { until } from './harness.ts';
import { MIB } from './slow-client.ts';

afterEach(() => {
  vi.useRealTimers();
});

const big = 'x'.repeat(16 * MIB);
const t = initTRPC.create({
  errorFormatter: ({ shape, error }) => (error.code === 'UNAUTHORIZED' ? { ...shape, big } : shape),
});
const router = t.router({ big: t.procedure.query(() => big) });

type CreateContext = (options: CreateWSSContextFnOptions) => Promise<object>;

/** A client that has asked for a large answer over a stream of calls, and reads none of it until it is resumed. */
async function asked(
  drainTimeoutMs: number,
  { search = '?calls', createContext = (async () => ({})) as CreateContext } = {},
) {
  const responses: ServerResponse[] = [];
  const server = createServer((request, response) => {
    responses.push(response);
    broadcaster.serveStream(request, response);
  });
  const broadcaster = new Broadcaster({ server, router, drainTimeoutMs, createContext });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  const client = connect(typeof address === 'object' ? (address?.port ?? 0) : 0, '127.0.0.1');
  client.on('error', () => {});
  await once(client, 'connect');
  const body = JSON.stringify({ id: 1, method: 'query', params: { path: 'big' } });
  client.write(`POST /trpc${search} HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  return {
    client,
    broadcaster,
    response: () => until(() => responses[0] ?? expect.unreachable()),
    async [Symbol.asyncDispose]() {
      client.destroy();
      await broadcaster.close();
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Reads on what a client is owed: all of the answers, and their end. */
async function takeAll(client: Socket): Promise<void> {
  let length = 0;
  let last = '';
  client.on('data', (bytes) => {
    length += bytes.length;
    last = `${last}${bytes.subarray(-200)}`.slice(-200);
  });
  await until(() => expect(last).toContain('data: {"code":1000,"reason":"answered"}'));
  expect(length).toBeGreaterThan(16 * MIB);
}

test('[D9] a client takes the answers of a stream of calls in its own time: their end is no limit', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  await using stream = await asked(60_000);
  const response = await stream.response();
  await until(() => expect(response.writableEnded).toBe(true));
  expect(response.socket?.writableLength).toBeGreaterThan(0); // it has taken less than there is
  vi.advanceTimersByTime(10_000);
  await takeAll(stream.client);
});

test('[D9] a session that ends then is no limit either: the answers were given before', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const sessions = new Sessions();
  const authenticate = async () => ({ id: 'alice', claims: ALL });
  await using stream = await asked(60_000, {
    createContext: createAccessContext({ authenticate, sessions }),
  });
  const response = await stream.response();
  await until(() => expect(response.writableEnded).toBe(true));
  expect(sessions.size).toBe(1);
  await sessions.revoke('alice');
  vi.advanceTimersByTime(10_000);
  await takeAll(stream.client);
});

test('[D9] a client that takes nothing of them is hung up on', async () => {
  await using stream = await asked(400);
  const response = await stream.response();
  await until(() => expect(response.writableEnded).toBe(true));
  await until(() => expect(response.closed).toBe(true));
});

test('[D9] a client that was not let in, and takes nothing of the reason, is hung up on', async () => {
  const createContext = async (): Promise<never> => {
    throw new TRPCError({ code: 'UNAUTHORIZED' });
  };
  await using stream = await asked(400, { search: '', createContext });
  const response = await stream.response();
  await until(() => expect(response.writableEnded).toBe(true));
  await until(() => expect(response.closed).toBe(true));
  await until(() => expect(stream.broadcaster.connections).toEqual([]));
});

test('a stream that is asked for before its turn on the connection is refused there too where a handler serves it', async () => {
  const held: ServerResponse[] = [];
  const served: Promise<void>[] = [];
  const http = createServer((request, response) => {
    if (request.url === '/other') held.push(response);
    else served.push(handler.serveStream(request, response));
  });
  const handler = applyBroadcastWSSHandler({ wss: new WebSocketServer({ noServer: true }), router });
  await once(http.listen(0, '127.0.0.1'), 'listening');
  const address = http.address();
  const client = connect(typeof address === 'object' ? (address?.port ?? 0) : 0, '127.0.0.1');
  onTestFinished(() => {
    client.destroy();
    http.closeAllConnections();
    http.close();
  });
  let got = '';
  client.on('data', (bytes) => {
    got += bytes;
  });
  const post = (path: string) => `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nPING`;
  client.write(post('/other') + post('/trpc'));
  await until(() => expect([held.length, served.length]).toEqual([1, 1]));
  await served[0];
  held[0]?.end('first');
  await until(() => expect(got).toMatch(/first[\s\S]*HTTP\/1.1 400 [\s\S]*before the answer/));
});
