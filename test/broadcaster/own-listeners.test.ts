import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { initTRPC } from '@trpc/server';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { applyBroadcastWSSHandler } from '../../server/broadcaster/apply-handler.ts';
import { Broadcaster } from '../../server/index.ts';
import { eventually } from '../client/eventually.ts';

const t = initTRPC.create();
const router = t.router({ hello: t.procedure.query(() => 'hello') });

type Listener = (request: IncomingMessage, response: ServerResponse) => unknown;

/** A server whose requests somebody's own code has first. */
async function serverOf(listener: Listener) {
  const server = createServer((request, response) => void listener(request, response));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return {
    server,
    url: `http://127.0.0.1:${port}/trpc?calls`,
    /** Sends the beginning of a request. @returns the client's connection */
    async begin(text: string) {
      const socket = connect(port, '127.0.0.1').on('error', () => {});
      await once(socket, 'connect');
      socket.write(`POST /trpc?calls HTTP/1.1\r\nHost: a\r\n${text}`);
      return socket;
    },
  };
}

test('a client that leaves while a server’s own code has its request takes no place of a stream', async () => {
  const waiting: [IncomingMessage, ServerResponse][] = [];
  const { server, url, begin } = await serverOf((...exchange) => waiting.push(exchange));
  const places = { asked: 0, taken: 0 };
  const onUpgrade = () => {
    places.asked++;
    places.taken++;
    return () => void places.taken--;
  };
  const broadcaster = new Broadcaster({ server, router, onUpgrade });
  onTestFinished(() => broadcaster.close());
  const socket = await begin('Content-Length: 4\r\n\r\nPING');
  await eventually(() => expect(waiting).toHaveLength(1));
  socket.destroy();
  await eventually(() => expect(waiting[0]?.[1].closed).toBe(true));
  const body = JSON.stringify({ id: 1, method: 'query', params: { path: 'hello' } });
  const answered = fetch(url, { method: 'POST', body }).then((answer) => answer.text());
  await eventually(() => expect(waiting).toHaveLength(2));
  for (const exchange of waiting) expect(broadcaster.serveStream(...exchange)).toBe(true);
  expect(await answered).toContain('"data":"hello"');
  await eventually(() => expect(places).toEqual({ asked: 1, taken: 0 }));
});

test('a stream that cannot be served is answered, and never a rejection that would end the process', async () => {
  const served: Promise<void>[] = [];
  let reads = false;
  const { server, url, begin } = await serverOf(async (request, response) => {
    if (reads) for await (const _ of request);
    served.push(handler.serveStream(request, response));
  });
  const handler = applyBroadcastWSSHandler({ wss: new WebSocketServer({ noServer: true }), router });
  const post = (body: string) => fetch(url, { method: 'POST', body });

  expect((await post('x'.repeat(1024 * 1024 + 1))).status).toBe(413);
  const socket = await begin('Content-Length: 4\r\n\r\nPI');
  await eventually(() => expect(served).toHaveLength(2));
  socket.destroy();
  reads = true;
  const late = await post('PING');
  expect(late.status).toBe(400);
  expect(await late.json()).toEqual({ message: expect.stringContaining('read the body') });
  expect(await Promise.allSettled(served)).toEqual(Array(3).fill({ status: 'fulfilled', value: undefined }));
  expect(server.listening).toBe(true);
});
