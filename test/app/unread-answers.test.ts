import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { createAccessContext } from '../../server/access/access-context.ts';
import { RefusedNames } from '../../server/access/names/refused-names.ts';
import { Sessions } from '../../server/access/sessions/sessions.ts';
import { anonymous } from '../../server/access/tokens/authenticate.ts';
import { createHttpServer } from '../../server/app/http/http-server.ts';
import { OpenRequests } from '../../server/app/http/node/requests.ts';
import { Readiness } from '../../server/app/http/readiness.ts';
import { PendingAnswers } from '../../server/broadcaster/upgrade/answers.ts';
import { createAppRouter, EventManager, loadConfig, MemoryBroker } from '../../server/index.ts';
import { ClientLimits } from '../../server/limits/limits.ts';
import { silentLogger } from '../../server/telemetry/logger.ts';
import { noInstruments } from '../../server/telemetry/telemetry.ts';
import { until } from '../broadcaster/harness.ts';
import { agentMessage } from '../support/events.ts';

const KIB = 1024;
const TEXT = 'x'.repeat(30 * KIB);

/** A server over HTTP in this process, with 1.5 MiB of events, and what it told of its clients. */
async function startHttp(drainTimeoutMs: number) {
  const broker = new MemoryBroker();
  const manager = new EventManager({ broker });
  const refusals: string[] = [];
  const limits = new ClientLimits(loadConfig({}, {}));
  const sessions = new Sessions({ broker: undefined });
  const server = createHttpServer({
    serveStream: () => false,
    router: createAppRouter(manager),
    path: '/trpc',
    catalog: manager.catalog,
    redisPrefix: 'test',
    createContext: createAccessContext({ authenticate: anonymous(), sessions }),
    readiness: new Readiness({ broker, topic: '_ready' }),
    requests: new OpenRequests(),
    allowedOrigins: [],
    refusedNames: new RefusedNames(silentLogger),
    limits,
    handshakeTimeoutMs: 5_000,
    drainTimeoutMs,
    instruments: { ...noInstruments, refused: (code) => refusals.push(code) },
    isServedHost: () => true,
    pending: new PendingAnswers(),
    logger: silentLogger,
  });
  const sockets: Socket[] = [];
  server.on('connection', (socket) => sockets.push(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const publish = async (count: number) => {
    for (let n = 0; n < count; n++) await manager.publish('agent_message', agentMessage(`${n} ${TEXT}`));
  };
  await publish(50);
  return {
    manager,
    port,
    sockets,
    refusals,
    publish,
    /** A client that sends this, and reads nothing until it is resumed. */
    async send(text: string) {
      const client = connect(port, '127.0.0.1').on('error', () => {});
      await once(client, 'connect');
      client.pause();
      client.write(text);
      return client;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await manager.close();
      sessions.close();
      limits.close();
    },
  };
}

const get = (path: string, version = '1.1') => `GET ${path} HTTP/${version}\r\nHost: localhost\r\n\r\n`;
const STREAM = `/trpc/on.any?input=${encodeURIComponent(JSON.stringify({ since: { last: 1000 } }))}`;

describe('[D9] a client over HTTP that takes nothing is cut', () => {
  test.each([
    ['a stream', get(STREAM)],
    ['an answer of a megabyte', get('/trpc/history')],
    ['many small answers to requests sent at once', get('/schema.json').repeat(100)],
    ['an answer after a short one', get('/healthz') + get('/trpc/history')],
  ])('while %s waits for it', async (_, request) => {
    await using server = await startHttp(400);
    const client = await server.send(request);
    await until(() => expect(server.sockets[0]?.destroyed).toBe(true));
    expect(server.refusals).toContain('SLOW_CONSUMER');
    client.destroy();
  });

  test('control: stays connected before the time limit', async () => {
    await using server = await startHttp(600_000);
    const client = await server.send(get(STREAM));
    await sleep(1_500);
    expect(server.sockets[0]?.destroyed).toBe(false);
    client.destroy();
  });

  test('control: stays connected if it reads, however quiet its stream is', async () => {
    await using server = await startHttp(400);
    const client = await server.send(get(STREAM));
    client.resume();
    await until(() => expect(client.bytesRead).toBeGreaterThan(50 * TEXT.length));
    await sleep(1_500);
    expect(server.sockets[0]?.destroyed).toBe(false);
    client.destroy();
  });
});

test('[D9] a stream that nobody reads holds little memory in the process', async () => {
  await using server = await startHttp(600_000);
  await server.publish(600); // 18 MiB, more than the system takes
  const client = await server.send(get(STREAM));
  await until(() => expect(server.sockets[0]?.writableLength).toBeGreaterThan(1024 * KIB));
  expect(server.sockets[0]?.writableLength).toBeLessThan(1.5 * 1024 * KIB);
  client.destroy();
});

test('[D9] a stream with whenSlow: disconnect that is read too slowly ends with SLOW_CONSUMER, and causes no other error', async () => {
  await using server = await startHttp(600_000);
  const unheard: unknown[] = [];
  const hear = (error: unknown) => void unheard.push(error);
  process.on('unhandledRejection', hear);
  const input = encodeURIComponent(JSON.stringify({ whenSlow: 'disconnect' }));
  const client = await server.send(get(`/trpc/on.any?input=${input}`));
  await until(() => expect(server.manager.stats().subscribers).toBe(1));
  for (let n = 0; n < 60 && server.manager.stats().subscribers > 0; n++) {
    await server.publish(10);
    await sleep(5);
  }
  await until(() => expect(server.manager.stats().subscribers).toBe(0));
  await sleep(100); // what nobody hears is told of by then
  let text = '';
  client.setEncoding('latin1').on('data', (chunk) => {
    text = (text + chunk).slice(-4 * KIB);
  });
  client.resume();
  await until(() => expect(text).toContain('event: serialized-error'));
  expect(text).toMatch(/"reason":"SLOW_CONSUMER"/);
  expect(text).toMatch(/"code":"SERVICE_UNAVAILABLE"/);
  expect(unheard).toEqual([]);
  process.off('unhandledRejection', hear);
  client.destroy();
});

describe('pipelined requests', () => {
  test('are answered in their order', async () => {
    await using server = await startHttp(5_000);
    const client = await server.send(get('/healthz') + get('/nothing') + get('/healthz'));
    let text = '';
    client.setEncoding('latin1').on('data', (chunk) => {
      text += chunk;
    });
    client.resume();
    await until(() =>
      expect(text.match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 404', 'HTTP/1.1 200']),
    );
    client.destroy();
  });

  test('wait, unprocessed, while the client does not take an earlier answer', async () => {
    await using server = await startHttp(600_000);
    const client = await server.send(get('/trpc/history').repeat(100));
    await until(() => expect(server.sockets[0]?.writableLength).toBeGreaterThan(0));
    await sleep(500);
    expect(server.sockets[0]?.writableLength).toBeLessThan(1.5 * KIB * KIB);
    client.destroy();
  });

  test('end the connection when there are too many of them', async () => {
    await using server = await startHttp(600_000);
    const client = await server.send(get(STREAM) + get('/healthz').repeat(102));
    await until(() => expect(server.sockets[0]?.destroyed).toBe(true));
    expect(server.refusals.filter((code) => code === 'TOO_MANY_REQUESTS')).toHaveLength(1);
    client.destroy();
  });
});

test('a client of HTTP/1.0 gets a stream without chunks that ends with its connection', async () => {
  await using server = await startHttp(5_000);
  const client = await server.send(get(STREAM, '1.0'));
  let text = '';
  client.setEncoding('latin1').on('data', (chunk) => {
    text += chunk;
  });
  client.resume();
  await until(() => expect(text).toContain('stream_synced'));
  const [head = '', body = ''] = text.split('\r\n\r\n');
  expect(head).not.toMatch(/transfer-encoding/i);
  expect(head).toMatch(/connection: close/i);
  expect(head).toMatch(/x-accel-buffering: no/i);
  expect(body.startsWith('event: connected\n')).toBe(true);
  client.destroy();
});

test('a client of HTTP/1.0 that asks for a streamed batch gets it without chunks', async () => {
  await using server = await startHttp(5_000);
  const client = await server.send(
    'GET /trpc/stats,history?batch=1&input=%7B%7D HTTP/1.0\r\nTrpc-Accept: application/jsonl\r\n\r\n',
  );
  let text = '';
  client.setEncoding('latin1').on('data', (chunk) => {
    text += chunk;
  });
  client.resume();
  await once(client, 'close');
  const [head = '', body = ''] = text.split('\r\n\r\n');
  expect(head).not.toMatch(/transfer-encoding/i);
  expect(body.startsWith('{')).toBe(true);
});
