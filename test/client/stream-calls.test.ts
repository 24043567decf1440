import { afterEach, expect, test, vi } from 'vitest';
import { CallQueue } from '../../client/connection/transports/call-queue.ts';
import { createClient, type EventsClient, type Transport } from '../../client/index.ts';
import { agentMessage } from '../support/events.ts';
import { eventually } from './eventually.ts';
import { startTestServer } from './test-server.ts';

afterEach(() => vi.restoreAllMocks());

function open(
  url: string,
  keepAlive?: { intervalMs: number; pongTimeoutMs: number },
  transports: readonly Transport[] = ['sse'],
) {
  const client: EventsClient = createClient({ url, transports, keepAlive });
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.close() });
}

test('queries over server-sent events are a few requests at a time, and the next takes all that wait', async () => {
  const counts = { now: 0, most: 0, all: 0 };
  await using server = await startTestServer({
    intercept: (request, response) => {
      if (!/[?&]calls\b/.test(request.url ?? '')) return false;
      counts.all++;
      counts.most = Math.max(counts.most, ++counts.now);
      response.once('close', () => counts.now--);
      return false;
    },
  });
  const page = await server.manager.history();
  let release = (): void => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  vi.spyOn(server.manager, 'history').mockImplementation(() => released.then(() => page));
  await using client = open(server.url);
  await client.stats();
  counts.all = 0;
  const pages: Promise<unknown>[] = [];
  for (let i = 0; i < 40; i++) {
    pages.push(client.history({ timeoutMs: 60_000 }));
    await new Promise((resolve) => setTimeout(resolve, 5)); // each in a turn of its own
  }
  await eventually(() => expect(counts.now).toBe(6));
  release();
  expect(await Promise.all(pages)).toHaveLength(40);
  expect(counts.most).toBe(6);
  expect(counts.all).toBe(7);
});

test('a queue keeps calls that wait in order, and goes on after each answer', async () => {
  const requests: string[][] = [];
  const answers: (() => void)[] = [];
  const queue = new CallQueue(1, (lines) => {
    requests.push(lines);
    return new Promise((resolve) => answers.push(resolve));
  });
  for (const call of [[1], [2], [3]]) {
    queue.add(call);
    queue.send();
  }
  expect(requests).toEqual([['[1]']]);
  answers.shift()?.();
  await eventually(() => expect(requests).toEqual([['[1]'], ['[2]', '[3]']]));
});

test('a request of several calls is no larger than a server takes, and a call that is larger goes alone', async () => {
  const requests: number[][] = [];
  const queue = new CallQueue(1, async (lines) => {
    requests.push(lines.map(({ length }) => Math.round(length / 1024)));
  });
  for (const kib of [1, 200, 900, 100, 150, 10]) {
    queue.add({ text: 'x'.repeat(kib * 1024) });
    queue.send();
  }
  await eventually(() => expect(requests).toEqual([[1], [200], [900], [100, 150], [10]]));
});

test('an interval of keepAlive below that of heartbeats loses no connection that is well', async () => {
  await using server = await startTestServer();
  await using client = open(server.url, { intervalMs: 10, pongTimeoutMs: 900 });
  const got: string[] = [];
  await client.on('agent_message', ({ data }) => got.push(data.message)).ready;
  const { connections } = server;
  await new Promise((resolve) => setTimeout(resolve, 4000)); // several heartbeats, and many more tests
  expect(server.connections).toBe(connections);
  await client.publish('agent_message', agentMessage('a'));
  await eventually(() => expect(got).toEqual(['a']));
});

test.each([429, 503])(
  'a stream that is refused with %i is asked for again when Retry-After says',
  async (status) => {
    vi.spyOn(Math, 'random').mockReturnValue(0);
    const asked: number[] = [];
    await using server = await startTestServer({
      intercept: ({ method, url = '' }, response) => {
        if (method !== 'POST' || !url.includes('heartbeat')) return false;
        asked.push(performance.now());
        if (asked.length > 2) return false;
        response.writeHead(status, { 'retry-after': '1' }).end();
        return true;
      },
    });
    await using client = open(server.url);
    await client.stats({ timeoutMs: 20_000 });
    const [first = 0, second = 0, third = 0] = asked;
    expect(Math.min(second - first, third - second)).toBeGreaterThan(990); // with no wait of its own it asks at once
  },
);

test('the wait that a refused stream asked for is over once a WebSocket gets through', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0);
  let refusals = 0;
  await using server = await startTestServer({
    intercept: ({ method }, response) => {
      if (method !== 'POST') return false;
      refusals++;
      response.writeHead(503, { 'retry-after': '600' }).end();
      return true;
    },
  });
  await using client = open(server.url, undefined, ['sse', 'ws']);
  await client.stats({ timeoutMs: 20_000 });
  expect(client.connection.transport).toBe('ws');
  expect(refusals).toBe(1);
  server.drop();
  await eventually(() => expect(server.connections).toBe(2)); // and not after 600 s
});

test('a stream that begins while it is found out why it did not is kept', async () => {
  const warn = vi.spyOn(console, 'warn').mockReturnValue();
  let isProbed = false;
  const lost = vi.fn();
  await using server = await startTestServer({
    intercept: ({ method, url = '' }, response) => {
      if (method !== 'GET' || !url.includes('/stats') || isProbed) return false;
      isProbed = true;
      // The stream begins now, and the answer comes after it.
      letBegin();
      void eventually(() => expect(client.connection.state.status).toBe('live')).finally(() =>
        response.writeHead(200, { 'content-type': 'application/json' }).end('{"result":{"data":{}}}'),
      );
      return true;
    },
  });
  let letBegin = (): void => {};
  const begun = new Promise<void>((resolve) => (letBegin = resolve));
  const original = globalThis.fetch;
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) => {
    if (String(input).includes('heartbeat')) await begun;
    return original(input, init);
  });
  await using client = open(server.url);
  client.connection.subscribe(({ error }) => error && lost(error));
  await eventually(() => expect(isProbed).toBe(true));
  await client.stats({ timeoutMs: 20_000 });
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(lost).not.toHaveBeenCalled();
  expect(warn).not.toHaveBeenCalled();
}, 30_000);
