import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createClient, type EventsClient } from '../../client/index.ts';
import { eventually } from './eventually.ts';

beforeEach(() => {
  vi.spyOn(Math, 'random').mockReturnValue(0.01);
  vi.spyOn(console, 'warn').mockReturnValue();
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** Something in the place of a server: answers POSTs, which it keeps count of, and other requests as tRPC does. */
async function startStandIn(answer: (response: ServerResponse, body: string) => void) {
  const bodies: string[] = [];
  const server = createServer(async (request: IncomingMessage, response) => {
    if (request.method !== 'POST') return void response.writeHead(404).end('{"error":{"message":"none"}}');
    const body = (await request.setEncoding('utf8').toArray()).join('');
    bodies.push(body);
    answer(response, body);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bodies,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

function begin(response: ServerResponse): ServerResponse {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write('event: connected\ndata: {}\n\n');
  return response;
}

function open(url: string, keepAlive?: { intervalMs: number; pongTimeoutMs: number }, token?: string) {
  const client: EventsClient = createClient({ url, transports: ['sse'], keepAlive, token });
  const statuses: string[] = [];
  client.connection.subscribe(({ status }) => statuses.push(status));
  return Object.assign(client, { statuses, [Symbol.asyncDispose]: () => client.close() });
}

const OFTEN = { intervalMs: 100, pongTimeoutMs: 300 };

describe('a client is live only once the server has let it in', () => {
  test('not where nobody answers', async () => {
    await using standIn = await startStandIn(() => {});
    await using client = open(standIn.url, OFTEN);
    await eventually(() => expect(standIn.bodies.length).toBeGreaterThan(1));
    expect(client.statuses).not.toContain('live');
  });

  test('not by heartbeats, which come before', async () => {
    await using standIn = await startStandIn((response) => {
      begin(response);
      const beating = setInterval(() => response.write('event: ping\ndata: \n\n'), 20);
      response.once('close', () => clearInterval(beating));
    });
    await using client = open(standIn.url, OFTEN);
    await eventually(() => expect(standIn.bodies.length).toBeGreaterThan(1));
    expect(client.statuses).not.toContain('live');
  });

  test('control: by an answer', async () => {
    await using standIn = await startStandIn((response) => begin(response).write('data: PONG\n\n'));
    await using client = open(standIn.url, OFTEN);
    await eventually(() => expect(client.statuses).toContain('live'));
  });
});

test('a stream on which nothing comes any more is found out, also without subscriptions, and later than at its beginning', async () => {
  const begunAt = performance.now();
  let untilLastBeat: readonly string[] | undefined;
  await using standIn = await startStandIn((response) => {
    begin(response).write('data: PONG\n\n');
    const beating = setInterval(() => {
      if (untilLastBeat) return;
      response.write('event: ping\ndata: \n\n');
      if (performance.now() - begunAt > 5500) untilLastBeat = [...client.statuses];
    }, 50);
    response.once('close', () => clearInterval(beating));
  });
  await using client = open(standIn.url, { intervalMs: 100, pongTimeoutMs: 1500 });
  await eventually(() => expect(client.statuses).toContain('live'));
  await eventually(() => expect(client.statuses).toContain('reconnecting'));
  expect(untilLastBeat).toContain('live');
  expect(untilLastBeat).not.toContain('reconnecting');
});

test('events that put heartbeats off keep a connection too, wherever they fall between two of them', async () => {
  let events = 0;
  await using standIn = await startStandIn((response) => {
    begin(response).write('data: PONG\n\n');
    const telling = setInterval(() => {
      events++;
      response.write('data: {"id":1000,"result":{"type":"data","data":{"json":1}}}\n\n');
    }, 150);
    response.once('close', () => clearInterval(telling));
  });
  await using client = open(standIn.url, { intervalMs: 100, pongTimeoutMs: 1500 });
  client.on('any', () => {});
  await eventually(() => expect(events).toBeGreaterThan(15));
  expect(client.statuses).not.toContain('reconnecting');
});

test('a redirect is not followed: the body may hold a token, which is for nobody else', async () => {
  await using other = await startStandIn((response) => begin(response).write('data: PONG\n\n'));
  await using standIn = await startStandIn((response) =>
    response.writeHead(307, { location: `${other.url}/trpc` }).end(),
  );
  await using client = open(standIn.url, undefined, 'secret');
  await eventually(() => expect(standIn.bodies.length).toBeGreaterThan(1));
  expect(standIn.bodies[0]).toContain('secret'); // control: it was sent to where it belongs
  expect(other.bodies).toEqual([]);
  expect(client.connection.state.error?.message).toMatch(/HTTP status 307/);
});

test('a page in the place of a stream is told, such as that of a network where one has to sign in', async () => {
  await using standIn = await startStandIn((response) =>
    response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Welcome</h1>'),
  );
  await using client = open(standIn.url);
  await eventually(() =>
    expect(client.connection.state.error).toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringMatching(/200 and text\/html/),
    }),
  );
});

test('calls that wait for the beginning of a stream go in requests that a server takes', async () => {
  const held: (() => void)[] = [];
  await using standIn = await startStandIn((response, body) => {
    if (!body.startsWith('PING')) return; // calls
    if (body.includes('subscription')) held.push(() => begin(response).write('data: PONG\n\n'));
    else begin(response).write('data: PONG\n\n');
  });
  await using client = open(standIn.url);
  await eventually(() => expect(client.statuses).toContain('live'));
  client.on('any', () => {});
  await eventually(() => expect(held).toHaveLength(1));
  const filter = { message: 'é'.repeat(12_000) };
  for (let asked = 0; asked < 90; asked++)
    client.history({ types: ['agent_message'], filter, limit: 1 }).catch(() => {}); // nobody answers
  await new Promise((resolve) => setTimeout(resolve, 200)); // they are handed to the stream in later turns
  for (const release of held) release();
  const calls = () => standIn.bodies.filter((body) => !body.startsWith('PING'));
  await eventually(() => expect(calls().flatMap((body) => body.split('\n'))).toHaveLength(90));
  for (const body of calls()) expect(Buffer.byteLength(body)).toBeLessThan(2 ** 20);
});
