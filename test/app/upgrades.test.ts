import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { Broadcaster, createAppRouter, EventManager, MemoryBroker } from '../../server/index.ts';
import { startTestServer } from './harness.ts';
import { answers, BODY, get, H2C, KEY, naive, post, Raw, upgrade } from './raw-http.ts';

describe('an offer to upgrade is ignored, and the request is served', () => {
  test.each([
    ['h2c', get('/healthz', H2C)],
    ['h2c with a call', get('/trpc/history', H2C)],
    ['several protocols', get('/readyz', 'Connection: Upgrade\r\nUpgrade: TLS/1.0, HTTP/2.0\r\n')],
    ['h2c with a body', post(`${H2C}Content-Length: ${BODY.length}\r\n`, BODY)],
    [
      'h2c with a body in chunks',
      post(`${H2C}Transfer-Encoding: chunked\r\n`, `${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\n\r\n`),
    ],
    [
      'a WebSocket by POST',
      post(`Upgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: ${BODY.length}\r\n`, BODY),
    ],
  ])('when it offers %s', async (_, text) => {
    await using server = await startTestServer();
    expect(await answers(server.port, text)).toEqual([200]);
  });

  test('control: Node alone hands the connection over', async () => {
    using server = await naive();
    expect(await answers(server.port, get('/healthz', H2C))).toEqual([400]);
  });

  test('and a body that comes later is read', async () => {
    await using server = await startTestServer();
    using raw = new Raw(server.port);
    raw.write(post(`${H2C}Expect: 100-continue\r\nContent-Length: ${BODY.length}\r\n`, ''));
    await expect.poll(() => raw.statuses).toEqual([100]);
    raw.write(BODY);
    await expect.poll(() => raw.statuses).toEqual([100, 200]);
  });

  test('and the connection is closed when the client asked for that', async () => {
    await using server = await startTestServer();
    using raw = new Raw(server.port);
    raw.write(get('/healthz', 'Connection: close, Upgrade\r\nUpgrade: h2c\r\n'));
    await expect.poll(() => [raw.statuses, raw.isClosed]).toEqual([[200], true]);
  });

  test('and a thousand offers on one connection leave nothing behind', async () => {
    const warnings: string[] = [];
    const note = ({ message }: Error): void => void warnings.push(message);
    process.on('warning', note);
    await using server = await startTestServer({ maxConnectionsPerAddress: 1 });
    expect(await answers(server.port, get('/healthz', H2C).repeat(1000), 1000)).toEqual(
      Array(1000).fill(200),
    );
    process.off('warning', note);
    expect(warnings).toEqual([]);
  });
});

describe('answers come in the order of the requests', () => {
  test.each([
    ['a request and an upgrade in one segment', get('/trpc/history') + upgrade(), [200, 101]],
    ['a request, then an offer', get('/trpc/history') + get('/nothing', H2C), [200, 404]],
    ['an offer, then a request', get('/nothing', H2C) + get('/healthz'), [404, 200]],
    [
      'a request, then a refused upgrade',
      get('/readyz') + get('/no', `Upgrade: websocket\r\nConnection: Upgrade\r\n${KEY}`),
      [200, 404],
    ],
  ])('to %s', async (_, text, statuses) => {
    await using server = await startTestServer();
    expect(await answers(server.port, text, 2)).toEqual(statuses);
  });

  test('control: Node alone upgrades first, and writes HTTP into the WebSocket', async () => {
    using server = await naive();
    expect(await answers(server.port, get('/') + upgrade(), 2)).toEqual([101, 200]);
  });

  const whole = post(`Content-Length: ${BODY.length}\r\n`, BODY);
  const tunnel = 'CONNECT elsewhere:443 HTTP/1.1\r\nHost: elsewhere\r\n\r\n';
  test.each([
    ['a publish, then text that is not HTTP', `${whole}GARBAGE\r\n\r\n`, [200, 400]],
    ['two requests, then bytes that are not HTTP', `${whole}${get('/trpc/history')}\0\0\0`, [200, 200, 400]],
    [
      'a publish, then a head that is too large',
      whole + get('/', `X: ${'x'.repeat(20_000)}\r\n`),
      [200, 431],
    ],
    [
      'a publish, then one whose body is not HTTP',
      whole + post('Transfer-Encoding: chunked\r\n', 'none\r\n'),
      [200, 400],
    ],
    ['a publish, then a tunnel', whole + tunnel, [200, 405]],
    ['a tunnel alone', tunnel, [405]],
  ])('to %s', async (_, text, statuses) => {
    await using server = await startTestServer();
    using raw = new Raw(server.port);
    raw.write(text);
    await expect.poll(() => raw.isClosed).toBe(true);
    expect(raw.statuses).toEqual(statuses);
  });

  test('control: Node alone writes the refusal of such text in the place of the answer', async () => {
    using server = await naive();
    expect(await answers(server.port, `${get('/')}GARBAGE\r\n\r\n`)).toEqual([400]);
    using raw = new Raw(server.port);
    raw.write(get('/') + tunnel);
    await expect.poll(() => raw.isClosed).toBe(true);
    expect(raw.statuses).toEqual([]);
  });

  test('and an upgrade behind a stream waits without writing into it', async () => {
    await using server = await startTestServer();
    using raw = new Raw(server.port);
    raw.write(get('/trpc/on.any') + upgrade());
    await expect.poll(() => raw.text).toContain('stream_synced');
    expect(raw.statuses).toEqual([200]);
  });

  test('and garbage behind a stream ends it without an answer inside it', async () => {
    await using server = await startTestServer();
    using raw = new Raw(server.port);
    raw.write(get('/trpc/on.any'));
    await expect.poll(() => raw.text).toContain('stream_synced');
    raw.write('GARBAGE\r\n\r\n');
    await expect.poll(() => raw.isClosed).toBe(true);
    expect(raw.statuses).toEqual([200]);
  });

  test('and a request behind an upgrade ends the WebSocket without an HTTP answer inside it', async () => {
    await using server = await startTestServer();
    using raw = new Raw(server.port);
    raw.write(upgrade() + get('/healthz'));
    await expect.poll(() => [raw.statuses, raw.isClosed]).toEqual([[101], true]);
  });
});

describe('an offer with so many headers that Node omits the length of its body', () => {
  const hidden = get('/healthz');
  const many = 'a:\r\n'.repeat(2100);
  const smuggled = post(`${H2C}${many}Content-Length: ${hidden.length}\r\n`, hidden) + get('/nothing');

  test('is read whole, so that its body is not taken for another request', async () => {
    await using server = await startTestServer();
    expect(await answers(server.port, smuggled, 2)).toEqual([400, 404]);
  });

  test('ends the connection on an application’s own server', async () => {
    const manager = new EventManager({ broker: new MemoryBroker() });
    const server = createServer((_, response) => void response.end('served'));
    const broadcaster = new Broadcaster({ server, router: createAppRouter(manager) });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    using raw = new Raw((server.address() as AddressInfo).port);
    raw.write(smuggled);
    await expect.poll(() => [raw.statuses, raw.isClosed]).toEqual([[431], true]);
    await broadcaster.close();
    server.close();
    await manager.close();
  });

  // From Node 24 on the heads themselves are too large for it, which is as safe.
  const told = Number.parseInt(process.versions.node, 10) < 24 ? /undefined$/m : /^HTTP\/1\.1 431 /;
  test('control: Node alone does not report the length', async () => {
    using server = await naive((request, response) => response.end(`${request.headers['content-length']}`));
    using raw = new Raw(server.port);
    raw.write(post(`${many}Content-Length: ${hidden.length}\r\n`, hidden));
    await expect.poll(() => raw.text).toMatch(told);
  });
});

test('a Broadcaster on an application’s own server ignores offers too, and keeps the order', async () => {
  const manager = new EventManager({ broker: new MemoryBroker() });
  const server = createServer((_, response) => void setTimeout(() => response.end('served'), 20));
  const broadcaster = new Broadcaster({ server, router: createAppRouter(manager) });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  expect(await answers(port, get('/anything', H2C))).toEqual([200]);
  expect(await answers(port, get('/trpc', H2C))).toEqual([200]);
  expect(await answers(port, get('/') + upgrade(), 2)).toEqual([200, 101]);
  expect(await answers(port, upgrade().replace('/trpc', '/other'))).toEqual([404]);
  await broadcaster.close();
  server.closeAllConnections();
  server.close();
  await manager.close();
});
