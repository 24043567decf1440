import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { fetchRequestHandler } from '@trpc/server/adapters/fetch';
import { expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { closeCodeOf, describeLoss } from '../../client/failures/connection-loss.ts';
import { Broadcaster, createAppRouter, EventManager, MemoryBroker } from '../../server/index.ts';
import { startTestServer as startServer } from '../app/harness.ts';
import { agentMessage } from '../support/events.ts';
import { connect, TRANSPORT } from './connect.ts';
import { eventually } from './eventually.ts';
import { startTestServer } from './test-server.ts';

/** True where the client reads the answer to a refused upgrade: a Node without its own WebSocket. */
const TELLS = TRANSPORT === 'ws' && !globalThis.WebSocket;
/** The words of a refusal. */
const WORDS = expect.stringMatching(/status 403: Pages of example\.org only/);

/** A Broadcaster that refuses each WebSocket with 403, on a server that answers over HTTP in its own way. */
async function startRefusing(answer: RequestListener, isRefused = () => true) {
  const manager = new EventManager({ broker: new MemoryBroker() });
  const server = createServer(answer);
  const onUpgrade = () => (isRefused() ? { status: 403, message: 'Pages of example.org only' } : undefined);
  const broadcaster = new Broadcaster({ server, router: createAppRouter(manager), onUpgrade });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      await broadcaster.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await manager.close();
    },
  };
}

test('a server that refuses the WebSocket and has nothing over HTTP is no wrong address alone', async () => {
  await using server = await startRefusing((_, response) => void response.writeHead(404).end());
  await using client = connect({ url: server.url });
  await expect(client.stats({ timeoutMs: 60_000 })).rejects.toMatchObject({
    message: TELLS
      ? WORDS
      : expect.stringMatching(/check url and path\. One for WebSockets alone may have refused this/),
  });
});

test('a refused upgrade is told in the words of the server where the platform has them, as the package ws does', async () => {
  await using server = await startRefusing((_, response) => void response.writeHead(404).end());
  await using client = connect({ url: server.url, WebSocket, transports: ['ws'] });
  await expect(client.stats({ timeoutMs: 60_000 })).rejects.toMatchObject({
    code: 'FORBIDDEN',
    message: WORDS,
  });
  await eventually(() => expect(client.connection.state.attempt).toBeGreaterThan(1)); // it may be let in later
});

test('a refusal is told no more once nothing answers at its address, also where a server had let the client in before', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0.01); // waits are short
  const sockets: WebSocket[] = [];
  class Seen extends WebSocket {
    constructor(url: string) {
      super(url);
      sockets.push(this);
    }
  }
  let isRefused = false;
  const server = await startRefusing(
    (_, response) => void response.writeHead(404).end(),
    () => isRefused,
  );
  await using client = connect({ url: server.url, WebSocket: Seen, transports: ['ws'] });
  await client.stats({ timeoutMs: 60_000 });
  isRefused = true;
  for (const socket of sockets) socket.terminate();
  const told = (code: string) =>
    eventually(() => {
      client.connection.retry();
      expect(client.connection.state.error).toMatchObject({ code });
    });
  await told('FORBIDDEN');
  await server[Symbol.asyncDispose]();
  await told('UNAVAILABLE');
  vi.restoreAllMocks();
});

test('a page of an origin that is not allowed is told the variable that allows it', async () => {
  await using server = await startServer();
  class FromVite extends WebSocket {
    constructor(url: string) {
      super(url, { origin: 'http://localhost:5173' });
    }
  }
  await using client = connect({ url: server.url, WebSocket: FromVite, transports: ['ws'] });
  await expect(client.stats({ timeoutMs: 60_000 })).rejects.toMatchObject({
    code: 'FORBIDDEN',
    message: expect.stringMatching(/status 403: Pages of this origin .*ALLOWED_ORIGINS/),
  });
  // While another transport is left, the refusal of one ends nothing.
  await using falling = connect({ url: server.url, WebSocket: FromVite, transports: ['ws', 'sse'] });
  await expect(falling.stats({ timeoutMs: 60_000 })).resolves.toMatchObject({ published: {} });
});

test('a server whose requests nobody hands to serveStream is told what it lacks, where tRPC answers beside it', async () => {
  const manager = new EventManager({ broker: new MemoryBroker() });
  const router = createAppRouter(manager);
  const app = async (incoming: IncomingMessage, response: ServerResponse) => {
    const { method = 'GET', url = '/' } = incoming;
    const headers = { 'content-type': incoming.headers['content-type'] ?? '' };
    const body = method === 'POST' ? await text(incoming) : null;
    const req = new Request(`http://127.0.0.1${url}`, { method, headers, body });
    const createContext = () => ({});
    const answer = await fetchRequestHandler({ endpoint: '/trpc', req, router, createContext });
    response.writeHead(answer.status, [...answer.headers].flat()).end(await answer.text());
  };
  await using server = await startRefusing((...of) => void app(...of));
  await using client = connect({ url: server.url, transports: ['sse'] });
  await expect(client.stats({ timeoutMs: 60_000 })).rejects.toMatchObject({
    code: 'INVALID_OPTION',
    message: expect.stringMatching(/no event streams are served there: .*broadcaster\.serveStream/),
  });
  await manager.close();
});

test('a server that answers nothing over HTTP is told in words, not by the number of a timeout', async () => {
  await using server = await startRefusing(() => {});
  await using client = connect({ url: server.url });
  const why = TELLS ? /Pages of example\.org only/ : /due to timeout/;
  await eventually(() => expect(client.connection.state.error?.message).toMatch(why));
  expect(client.connection.state.error?.message).not.toMatch(/closed with/);
});

test('the number of an error is no close code, and that of a close event is one', () => {
  const timeout = new DOMException('Too late', 'TimeoutError');
  expect([closeCodeOf(timeout), describeLoss(timeout)]).toEqual([undefined, 'Too late']);
  const lost = new Error('lost', { cause: { code: 4008, reason: 'SLOW' } });
  expect([closeCodeOf(lost), describeLoss(lost)]).toEqual([4008, 'closed with 4008 SLOW']);
});

test('a read without an answer says nothing of an event; control: a publish that was never sent does', async () => {
  await using server = await startTestServer({ admit: () => false });
  await using client = connect({ url: server.wsUrl });
  await eventually(() => expect(client.connection.state.error).not.toBeNull()); // a busy machine may take long to be refused
  const reads = [client.stats({ timeoutMs: 2000 }), client.history({ timeoutMs: 2000 })];
  for (const read of reads) {
    const error = await read.catch((cause: Error) => cause);
    expect(error).toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(/^No answer within 2000 ms\. The last try failed: /),
    });
    expect(error).not.toMatchObject({ message: expect.stringMatching(/stored|idempotencyKey|not sent/) });
  }
  await expect(client.publish('agent_message', agentMessage(1), { timeoutMs: 2000 })).rejects.toMatchObject({
    message: expect.stringMatching(/^No answer within 2000 ms\. The event was not sent: /),
  });
});
