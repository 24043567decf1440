import { once } from 'node:events';
import { createServer, IncomingMessage, ServerResponse } from 'node:http';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { PendingAnswers } from '../../server/broadcaster/upgrade/answers.ts';
import { startTestServer } from './harness.ts';
import { BODY, get, Raw } from './raw-http.ts';

/** Says everything at once. @returns the statuses of the answers, once the server has hung up */
async function answersUntilClosed(port: number, text: string): Promise<number[]> {
  using raw = new Raw(port);
  raw.write(text);
  await expect.poll(() => raw.isClosed).toBe(true);
  return raw.statuses;
}

const OLD_POST = `POST /trpc/publish.agent_message HTTP/1.0\r\nConnection: keep-alive\r\nContent-Type: application/json\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`;

test('a request behind an answer that ends its connection is not run, and takes no place of its address', async () => {
  const server = await startTestServer({ maxConnectionsPerAddress: 2 });
  expect(await answersUntilClosed(server.port, OLD_POST.repeat(2))).toEqual([200]);
  const stream = await fetch(`${server.url}/trpc/on.any`); // in one of both places
  const history = await fetch(`${server.url}/trpc/history`);
  expect([stream.status, history.status]).toEqual([200, 200]);
  expect((await history.json()).result.data.json.items).toHaveLength(1);
  await stream.body?.cancel();
  await server.close();
});

test('a server that stops does not wait for requests behind the answers with which it ends connections', async () => {
  const server = await startTestServer({ drainMs: 25_000 });
  const stays = new WebSocket(`${server.url.replace('http', 'ws')}/trpc`);
  await once(stays, 'open');
  const asked = once(stays, 'message');
  const closed = server.close();
  await asked;
  expect(await answersUntilClosed(server.port, get('/healthz').repeat(2))).toEqual([200]);
  stays.close();
  await closed;
});

test('control: a connection that goes on gets all answers, and the server stops', async () => {
  const server = await startTestServer();
  const last = get('/healthz', 'Connection: close\r\n');
  expect(await answersUntilClosed(server.port, get('/healthz').repeat(2) + last)).toEqual([200, 200, 200]);
  await server.close();
});

test('an upgrade behind an answer that is never given does not wait for it once its connection is gone', async () => {
  const pending = new PendingAnswers();
  const server = createServer(); // it is told of requests, and listens nowhere
  pending.watch(server);
  const socket = new PassThrough();
  const request = new IncomingMessage(socket as never);
  server.emit('request', request, new ServerResponse(request));
  const given = pending.given(socket, 10_000);
  socket.destroy();
  expect(await given).toBe(true);
});
