import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TRPCClient } from '@trpc/client';
import { initTRPC } from '@trpc/server';
import superjson from 'superjson';
import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import * as z from 'zod';
import { type AppRouter, eventProcedures } from '../../server/index.ts';
import { defineEvents, psycheEvents } from '../../shared/index.ts';
import { agentMessage } from '../support/events.ts';
import { httpClient, startTestServer, upgradeStatus, wsClient } from './harness.ts';

/** Follows a topic with a stock client. */
function follow(trpc: TRPCClient<AppRouter>, topic: string) {
  const items: { event_type: string; data: unknown }[] = [];
  const subscription = trpc.on.any.subscribe({ topic }, { onData: ({ data }) => void items.push(data) });
  return { items, [Symbol.dispose]: () => subscription.unsubscribe() };
}

describe('the server', () => {
  test('answers /healthz and /readyz', async () => {
    await using server = await startTestServer();
    const healthz = await fetch(`${server.url}/healthz`);
    expect([healthz.status, await healthz.json()]).toEqual([200, { status: 'ok' }]);
    const readyz = await fetch(`${server.url}/readyz`);
    expect([readyz.status, await readyz.json()]).toEqual([200, { status: 'ready' }]);
  });

  test('serves a stock client over HTTP: batches of mutations and queries, and server-sent events', async () => {
    await using server = await startTestServer();
    const trpc = httpClient(server.url);
    using live = follow(trpc, 't');
    await expect.poll(() => live.items).toMatchObject([{ event_type: 'stream_synced' }]);
    // More procedure names in one path than fastify lets through by default.
    const results = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        trpc.publish.agent_message.mutate({ data: agentMessage(index), topic: 't' }),
      ),
    );
    expect(new Set(results.map(({ cursor }) => cursor)).size).toBe(50);
    await expect.poll(() => live.items.length).toBe(51);
    const { items } = await trpc.history.query({ topic: 't' });
    expect(items.map(({ event }) => event)).toEqual(live.items.slice(1));
    expect(await trpc.stats.query()).toMatchObject({ published: { agent_message: 50 }, subscribers: 1 });
  });

  test('serves a stock client over a WebSocket on the same path', async () => {
    await using server = await startTestServer();
    await using client = wsClient(server.url);
    using live = follow(client.trpc, 't');
    await expect.poll(() => live.items).toMatchObject([{ event_type: 'stream_synced' }]);
    await client.trpc.publish.agent_message.mutate({ data: agentMessage('hello'), topic: 't' });
    await expect.poll(() => live.items[1]).toMatchObject({ data: { message: 'hello' } });
    expect(await client.trpc.stats.query()).toMatchObject({ subscribers: 1 });
  });

  test('refuses invalid data with the path of the field', async () => {
    await using server = await startTestServer();
    const data = { ...agentMessage('x'), sentiment: { score: 2, label: 'positive' as const } };
    await expect(httpClient(server.url).publish.agent_message.mutate({ data })).rejects.toMatchObject({
      data: { httpStatus: 400, reason: 'INVALID_EVENT', issues: [{ path: ['data', 'sentiment', 'score'] }] },
    });
  });

  test('refuses an upgrade of any other path, and garbage after it does no harm', async () => {
    await using server = await startTestServer();
    expect(await upgradeStatus(`${server.url}/other`)).toBe(404);
    expect(await upgradeStatus(`${server.url}/trpc/on.any`)).toBe(404);
    expect(await upgradeStatus(`${server.url}/trpc?connectionParams=1`)).toBe(101);
    const socket = connect(server.port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write('GET /other HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    socket.write(Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff]));
    socket.resetAndDestroy();
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  });

  test('cuts a connection that says nothing, or half of a request', async () => {
    await using server = await startTestServer();
    const cut = ['', 'GET /trpc HTTP/1.1\r\nUpgrade: websocket\r\n'].map(async (text) => {
      const socket = connect(server.port, '127.0.0.1').resume();
      socket.write(text);
      await once(socket, 'close');
    });
    expect(await Promise.all(cut)).toHaveLength(2);
  });

  test('refuses pages of foreign origins over HTTP and WebSocket, and accepts allowed ones', async () => {
    await using server = await startTestServer({ allowedOrigins: ['https://allowed.example'] });
    const origins = ['https://foreign.example', 'null', server.url, 'https://allowed.example'];
    const stats = `${server.url}/trpc/stats`;
    const overHttp = await Promise.all(origins.map(async (origin) => fetch(stats, { headers: { origin } })));
    expect(overHttp.map(({ status }) => status)).toEqual([403, 403, 200, 200]);
    expect(overHttp[3]?.headers.get('access-control-allow-origin')).toBe('https://allowed.example');
    const upgrades = await Promise.all(
      origins.map((origin) => upgradeStatus(`${server.url}/trpc`, { origin })),
    );
    expect(upgrades).toEqual([403, 403, 101, 101]);
  });

  test('answers the preflight request of a page of an allowed origin', async () => {
    await using server = await startTestServer({ allowedOrigins: ['https://allowed.example'] });
    const preflight = await fetch(`${server.url}/trpc/publish.agent_message`, {
      method: 'OPTIONS',
      headers: {
        origin: 'https://allowed.example',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type',
      },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-headers')).toBe('content-type');
  });

  test('serves the page with a content security policy, and says so where there is no page', async () => {
    const pageDir = await mkdtemp(join(tmpdir(), 'psyche-page-'));
    {
      await using server = await startTestServer({}, { pageDir });
      const missing = await fetch(server.url);
      expect([missing.status, await missing.text()]).toEqual([404, expect.stringContaining('npm run build')]);
    }
    await mkdir(join(pageDir, 'assets'));
    await writeFile(join(pageDir, 'index.html'), '<!doctype html><title>page</title>');
    await writeFile(join(pageDir, 'assets/app-1234.js'), 'export {};');
    await using server = await startTestServer({}, { pageDir });
    const page = await fetch(server.url);
    expect(page.status).toBe(200);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'self'");
    expect(page.headers.get('cache-control')).toBe('no-cache');
    const asset = await fetch(`${server.url}/assets/app-1234.js`);
    expect(asset.headers.get('cache-control')).toContain('immutable');
    expect(asset.headers.get('content-type')).toMatch(/^text\/javascript/);
    await rm(pageDir, { recursive: true });
  });

  test('runs an application with a catalog and procedures of its own', async () => {
    const calls: string[] = [];
    const t = initTRPC.create({ transformer: superjson });
    await using server = await startTestServer(
      { monitorIntervalMs: 50 },
      {
        catalog: defineEvents({ ...psycheEvents.schemas, noted: z.object({ text: z.string() }) }),
        application: ({ manager }) => ({
          router: t.router({
            ...eventProcedures(manager, t.procedure),
            note: t.procedure.mutation(() => manager.publish('noted', { text: 'from a procedure' })),
          }),
          start: () => void calls.push('start'),
          stop: () => void calls.push('stop'),
          activeAgents: () => 5,
        }),
      },
    );
    const headers = { 'content-type': 'application/json' };
    const noted = await fetch(`${server.url}/trpc/note`, { method: 'POST', headers });
    expect(noted.status).toBe(200);
    const history = async () =>
      (await httpClient(server.url).history.query()).items.map(({ event }) => event);
    await expect
      .poll(history)
      .toContainEqual(expect.objectContaining({ data: expect.objectContaining({ active_agents: 5 }) }));
    expect(await history()).toContainEqual(expect.objectContaining({ data: { text: 'from a procedure' } }));
    expect(calls).toEqual(['start']);
    await server.close();
    expect(calls).toEqual(['start', 'stop']);
  });
});

describe('stopping the server', () => {
  test('does not wait for open streams, sockets or idle connections, and closes sockets with 1001', async () => {
    const server = await startTestServer();
    const idle = connect(server.port, '127.0.0.1');
    await once(idle, 'connect');
    const stream = await fetch(`${server.url}/trpc/on.any`);
    const reader = stream.body?.getReader();
    await reader?.read();
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/trpc`);
    await once(socket, 'open');
    const closed = once(socket, 'close');
    const notified = once(socket, 'message');

    await server.close();
    expect(String((await notified)[0])).toBe('{"id":null,"method":"reconnect"}');
    expect((await closed)[0]).toBe(1001);
    await expect(async () => {
      while (!(await reader?.read())?.done);
    }).rejects.toThrow(); // cut, not ended: a client that is told the stream ended would not resume
    await expect(fetch(`${server.url}/healthz`)).rejects.toThrow();
    await server.close();
  });

  test('lets requests in flight finish', async () => {
    const server = await startTestServer();
    const body = JSON.stringify(superjson.serialize({ data: agentMessage('last') }));
    const request = httpRequest(`${server.url}/trpc/publish.agent_message`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-length': body.length, expect: '100-continue' },
    });
    await once(request, 'continue'); // the server has begun to handle it
    const closed = server.close();
    request.end(body);
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    expect(response.statusCode).toBe(200);
    response.resume();
    await closed;
  });
});
