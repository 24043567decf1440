import { initTRPC } from '@trpc/server';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ADAPTERS, startServer, until } from './harness.ts';

const t = initTRPC.create();
const router = t.router({ hello: t.procedure.query(() => 'hello') });

describe.each(ADAPTERS)('%s adapter: keep-alive', (_name, apply) => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  const keepAlive = { enabled: true, pingMs: 1_000, pongWaitMs: 200 };
  const pings = (client: { others: string[] }) => client.others.filter((text) => text === 'PING').length;

  test('the server sends PING after silence, and terminates a client that does not answer', async () => {
    await using server = await startServer(apply, { router, keepAlive });
    const client = await server.connect();
    vi.advanceTimersByTime(999);
    await client.flushed(); // which is a message: the silence starts again
    vi.advanceTimersByTime(999);
    expect(pings(client)).toBe(0);
    vi.advanceTimersByTime(1);
    await until(() => expect(pings(client)).toBe(1));
    vi.advanceTimersByTime(199);
    expect(client.ws.readyState).toBe(client.ws.OPEN);
    vi.advanceTimersByTime(1);
    expect(await client.closed).toBe(1006);
  });

  test.each([
    ['PONG', 'PONG'],
    ['any other message', '{}'],
  ])('%s keeps the connection open', async (_kind, answer) => {
    await using server = await startServer(apply, { router, keepAlive });
    const received = vi.fn();
    server.wss.on('connection', (ws) => ws.on('message', received));
    const client = await server.connect();
    for (let round = 1; round <= 3; round++) {
      vi.advanceTimersByTime(1_000);
      await until(() => expect(pings(client)).toBe(round));
      vi.advanceTimersByTime(199);
      client.send(answer);
      await until(() => expect(received).toHaveBeenCalledTimes(round));
    }
    expect(client.ws.readyState).toBe(client.ws.OPEN);
  });

  test('the times are 30 s and 5 s by default, and nothing is sent when it is off', async () => {
    await using on = await startServer(apply, { router, keepAlive: { enabled: true } });
    await using off = await startServer(apply, { router });
    const client = await on.connect();
    const quiet = await off.connect();
    vi.advanceTimersByTime(30_000);
    await until(() => expect(pings(client)).toBe(1));
    vi.advanceTimersByTime(5_000);
    await client.closed;
    vi.advanceTimersByTime(600_000);
    await quiet.flushed();
    expect(pings(quiet)).toBe(0);
  });

  test('a PING of the client is answered, unless that is switched off', async () => {
    await using server = await startServer(apply, { router });
    await using mute = await startServer(apply, { router, dangerouslyDisablePong: true });
    const [client, unheard] = [await server.connect(), await mute.connect()];
    client.send('PING');
    await until(() => expect(client.others).toEqual(['PONG']));
    unheard.send('PING');
    unheard.call(1, 'query', 'hello');
    await unheard.frame(1);
    expect(unheard.others).toEqual([]);
  });
});
