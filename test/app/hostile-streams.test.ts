import { once } from 'node:events';
import { createServer, IncomingMessage, ServerResponse } from 'node:http';
import { connect, Socket } from 'node:net';
import { initTRPC } from '@trpc/server';
import { afterEach, expect, test, vi } from 'vitest';
import { MessageStream } from '../../server/broadcaster/sse/message-stream.ts';
import { Broadcaster, createAppRouter } from '../../server/index.ts';
import { eventually } from '../client/eventually.ts';
import { agentMessage } from '../support/events.ts';
import { startTestServer } from './harness.ts';

afterEach(() => {
  vi.useRealTimers();
});

/** A connection of a client that is none of ours. */
function dial(url: string) {
  const { port, host } = new URL(url);
  const socket = connect(Number(port), '127.0.0.1');
  let got = '';
  socket.on('data', (bytes) => {
    got += bytes;
  });
  socket.on('error', () => {}); // a reset, where the answer is all that counts
  const head = (path: string, more: string) => `POST ${path} HTTP/1.1\r\nHost: ${host}\r\n${more}\r\n\r\n`;
  return {
    socket,
    got: () => got,
    begin: (path: string, bytes: number) => socket.write(head(path, `Content-Length: ${bytes}`)),
    post: (path: string, body: string | Buffer) =>
      socket.write(
        Buffer.concat([Buffer.from(head(path, `Content-Length: ${body.length}`)), Buffer.from(body)]),
      ),
    [Symbol.dispose]: () => socket.destroy(),
  };
}

test.each(['/%74rpc', '/./trpc', '/x/../trpc'])(
  'an address that routes alone know is answered: %s',
  async (path) => {
    await using server = await startTestServer();
    using stranger = dial(server.url);
    stranger.post(path, 'PING');
    await eventually(() => expect(stranger.got()).toMatch(/^HTTP\/1.1 404 /));
  },
);

test('a body of many lines is handed on as a WebSocket would be read: nothing while it is paused, and all of it in the end', () => {
  const stream = new MessageStream(new ServerResponse(new IncomingMessage(new Socket())), new Socket());
  const got: string[] = [];
  let ends = 0;
  stream.on('message', (line: Buffer) => {
    got.push(`${line}`);
    if (got.length % 16 === 0) stream.pause();
  });
  stream.once('end', () => ends++);
  const lines = Array.from({ length: 100 }, (_, at) => `${at}`);
  stream.receive(Buffer.from(lines.join('\n\n')), true);
  expect(got).toHaveLength(16);
  for (let times = 0; stream.isPaused; times++) {
    expect(got).toHaveLength(16 * (times + 1));
    expect(ends).toBe(0);
    stream.resume();
  }
  expect(got).toEqual(lines);
  expect(ends).toBe(1);
});

test('each line of a body is answered, however many there are, and the calls end after the last', async () => {
  await using server = await startTestServer();
  const response = await fetch(`${server.url}/trpc?calls`, { method: 'POST', body: '{\n'.repeat(3000) });
  const events = (await response.text()).split('\n').filter((line) => line.startsWith('data: {'));
  expect(events.filter((line) => line.includes('PARSE_ERROR'))).toHaveLength(3000);
  expect(events.at(-1)).toBe('data: {"code":1000,"reason":"answered"}');
});

test('a body that is not UTF-8 is refused as over a WebSocket, and nothing of it is stored', async () => {
  await using server = await startTestServer();
  const publish = (letters: Buffer) => {
    const [before, after] = JSON.stringify({
      id: 1,
      method: 'mutation',
      params: { path: 'publish.agent_message', input: { json: { data: agentMessage('|') } } },
    }).split('|');
    const body = Buffer.concat([Buffer.from(`${before}`), letters, Buffer.from(`${after}`)]);
    return fetch(`${server.url}/trpc?calls`, { method: 'POST', body: new Uint8Array(body) });
  };
  expect(await (await publish(Buffer.from([0xff, 0xfe]))).text()).toContain('{"code":1007,');
  expect(await (await publish(Buffer.from('é'))).text()).toContain('"result"'); // control
  const { items } = await server.manager.history();
  expect(items.map(({ event }) => event.data)).toMatchObject([{ message: 'é' }]);
});

test('a subscription among calls ends with their answers: a stream of calls is no way to stay', async () => {
  await using server = await startTestServer(
    {},
    {
      application: ({ manager }) => ({
        router: createAppRouter(manager, (procedure) => ({
          own: procedure.subscription(async function* ({ signal }) {
            if (signal) await once(signal, 'abort');
            yield 1;
          }),
        })),
      }),
    },
  );
  const body = JSON.stringify({ id: 1, method: 'subscription', params: { path: 'own' } });
  const response = await fetch(`${server.url}/trpc?calls`, { method: 'POST', body });
  expect(await response.text()).toContain('data: {"code":1000,"reason":"answered"}');
});

test('a client that still sends a body that is too large is told so', async () => {
  await using server = await startTestServer();
  using stranger = dial(server.url);
  const block = Buffer.alloc(2 ** 20, 'x');
  stranger.begin('/trpc', 16 * block.length);
  for (let sent = 0; sent < 16; sent++) {
    if (!stranger.socket.write(block))
      await Promise.race([once(stranger.socket, 'drain'), once(stranger.socket, 'close')]);
  }
  await eventually(() => expect(stranger.got()).toMatch(/^HTTP\/1.1 413 /));
});

test('a body that takes long to come is served when it is there', async () => {
  await using server = await startTestServer();
  using stranger = dial(server.url);
  const requested = new Promise<void>((resolve) => stranger.socket.once('connect', () => resolve()));
  await requested;
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  stranger.begin('/trpc?calls', 4);
  stranger.socket.write('PI');
  for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve));
  vi.advanceTimersByTime(11_000);
  vi.useRealTimers();
  stranger.socket.write('NG');
  await eventually(() => expect(stranger.got()).toContain('data: PONG'));
});

/** A server of one's own, whose listener serves streams. */
async function ownServer() {
  const t = initTRPC.create();
  const router = t.router({ greet: t.procedure.query(() => 'hello') });
  const held: (() => void)[] = [];
  const server = createServer((request, response) => {
    if (broadcaster.serveStream(request, response)) return;
    held.push(() => response.end('first'));
  });
  const places = { taken: 0 };
  const broadcaster = new Broadcaster({
    server,
    router,
    onUpgrade() {
      places.taken++;
      return () => void places.taken--;
    },
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const close = async () => {
    await broadcaster.close();
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${port}`, broadcaster, held, places, [Symbol.asyncDispose]: close };
}

test('while a server is drained it takes no new stream, and answers calls of those who have not moved yet', async () => {
  await using own = await ownServer();
  using first = dial(own.url);
  first.post('/trpc', 'PING');
  await eventually(() => expect(first.got()).toContain('data: PONG'));
  const drained = own.broadcaster.drain({ overMs: 0, graceMs: 60_000 });
  const ask = (query: string) => {
    const body = JSON.stringify({ id: 1, method: 'query', params: { path: 'greet' } });
    return fetch(`${own.url}/trpc${query}`, { method: 'POST', body });
  };
  expect((await ask('')).status).toBe(503);
  expect(await (await ask('?calls')).text()).toContain('"data":"hello"');
  first.socket.destroy();
  await drained;
});

test('a stream that is asked for before the answer to the request before it has come is refused in its turn, and takes no place', async () => {
  await using own = await ownServer();
  using stranger = dial(own.url);
  stranger.post('/other', 'x');
  stranger.post('/trpc', 'PING');
  await eventually(() => expect(own.held).toHaveLength(1));
  expect(own.places.taken).toBe(0);
  for (const answer of own.held) answer();
  await eventually(() => expect(stranger.got()).toMatch(/first[\s\S]*HTTP\/1.1 400 /));
  expect(own.places.taken).toBe(0);
  using next = dial(own.url);
  next.post('/trpc', 'PING');
  await eventually(() => expect(own.places.taken).toBe(1)); // control
});
