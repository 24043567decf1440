import { once } from 'node:events';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { startTestServer, upgradeStatus } from '../app/harness.ts';

/** The status of a request on a connection of its own. */
async function status(url: string, headers: Record<string, string> = {}): Promise<number | undefined> {
  const sent = request(url, { headers, agent: false }).end();
  const [response] = await once(sent, 'response');
  response.resume();
  await once(response, 'close');
  return response.statusCode;
}

test('an address may have up to the limit of connections: more WebSockets, streams and requests get 429 until one closes', async () => {
  await using server = await startTestServer({ maxConnectionsPerAddress: 2 });
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/trpc`);
  await once(socket, 'open');
  const abort = new AbortController();
  const stream = await fetch(`${server.url}/trpc/on.any`, { signal: abort.signal });
  expect(stream.status).toBe(200);

  expect(await upgradeStatus(`${server.url}/trpc`)).toBe(429);
  const refused = await fetch(`${server.url}/trpc/stats`);
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '5']);
  expect(await status(`${server.url}/healthz`)).toBe(200); // whoever looks after the server gets through

  abort.abort();
  await expect.poll(() => status(`${server.url}/trpc/stats`)).toBe(200);
  socket.close();
  await expect.poll(() => upgradeStatus(`${server.url}/trpc`)).toBe(101);
});

test('control: an address without a limit, as this machine has none by default, gets all connections', async () => {
  await using server = await startTestServer();
  const sockets = Array.from({ length: 3 }, () => new WebSocket(`${server.url.replace('http', 'ws')}/trpc`));
  await Promise.all(sockets.map((socket) => once(socket, 'open')));
  expect(await status(`${server.url}/trpc/stats`)).toBe(200);
});

test('behind a trusted proxy each client has its own address, and a client that is not trusted cannot invent one', async () => {
  const limits = { maxConnectionsPerAddress: 1 };
  await using trusting = await startTestServer({ ...limits, trustProxy: ['loopback'] });
  await using wary = await startTestServer(limits);
  const held = [];
  for (const { url } of [trusting, wary]) {
    const headers = { 'x-forwarded-for': '203.0.113.1' };
    const socket = new WebSocket(`${url.replace('http', 'ws')}/trpc`, { headers });
    await once(socket, 'open');
    held.push(socket);
  }
  const ask = (url: string, address: string) => status(`${url}/trpc/stats`, { 'x-forwarded-for': address });
  expect(await ask(trusting.url, '203.0.113.1')).toBe(429);
  expect(await ask(trusting.url, '203.0.113.2')).toBe(200);
  expect(await ask(wary.url, '203.0.113.2')).toBe(429);
});

describe('sockets that send nothing (more)', () => {
  /** Opens so many that keep quiet after a request that needs no admission; how many of them the server let be. */
  async function quiet(port: number, count: number): Promise<{ held: number; sockets: Socket[] }> {
    const sockets = Array.from({ length: count }, () => connect(port, '127.0.0.1').on('error', () => {}));
    const answered = await Promise.all(
      sockets.map((socket) => {
        socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
        return new Promise<boolean>((resolve) => {
          socket.once('data', () => resolve(true)).once('close', () => resolve(false));
        });
      }),
    );
    return { held: answered.filter(Boolean).length, sockets };
  }

  test('do not count as connections, but an address may have only a hundred of them', async () => {
    await using server = await startTestServer({ maxConnectionsPerAddress: 20 });
    const { held, sockets } = await quiet(server.port, 130);
    expect(held).toBe(120);
    for (const socket of sockets) socket.destroy();
    await expect.poll(async () => (await quiet(server.port, 1)).held).toBe(1);
  });

  test('control: all stay open for a trusted proxy, and without a limit', async () => {
    await using proxied = await startTestServer({ maxConnectionsPerAddress: 20, trustProxy: ['loopback'] });
    await using unlimited = await startTestServer({ maxConnectionsPerAddress: 0 });
    for (const { port } of [proxied, unlimited]) {
      const { held, sockets } = await quiet(port, 130);
      expect(held).toBe(130);
      for (const socket of sockets) socket.destroy();
    }
  });
});
