import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { inTurns } from '../../server/broadcaster/socket/connections.ts';
import { startTestServer, wsClient } from './harness.ts';

/** Long enough that no test sees its end. */
const LONG_MS = 25_000;

async function connectTo(url: string): Promise<WebSocket> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/trpc`);
  await once(socket, 'open');
  return socket;
}

describe('a server that stops', () => {
  test('is not ready and refuses new subscriptions, but answers calls, until its clients have moved', async () => {
    const server = await startTestServer({ drainMs: LONG_MS });
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
    const stays = await connectTo(server.url);
    const asked = once(stays, 'message');
    const closed = server.close();
    expect(String((await asked)[0])).toBe('{"id":null,"method":"reconnect"}');

    const ready = await fetch(`${server.url}/readyz`);
    expect(ready.status).toBe(503);
    expect(await ready.json()).toEqual({
      status: 'stopping',
      message: 'The server is stopping: connect elsewhere',
    });
    await expect(connectTo(server.url)).rejects.toThrow('503');
    const call = await fetch(`${server.url}/trpc/history`);
    expect(call.status).toBe(200);
    expect(call.headers.get('connection')).toBe('close');

    stays.close();
    await closed; // long before its time is over
    await expect(fetch(`${server.url}/readyz`)).rejects.toThrow();
  });

  test('asks clients to move one after another', async () => {
    const server = await startTestServer({ drainMs: LONG_MS });
    const sockets = await Promise.all(Array.from({ length: 60 }, () => connectTo(server.url)));
    const times: number[] = [];
    for (const socket of sockets) {
      socket.once('message', () => {
        times.push(performance.now());
        socket.close();
      });
    }
    const since = performance.now();
    await server.close();
    expect(times).toHaveLength(60);
    // Two hundred a second: 300 ms, give or take the last's place in its share.
    expect((times.at(-1) ?? 0) - since).toBeGreaterThan(250);
  });

  test('closes everything at once with DRAIN_MS=0', async () => {
    const server = await startTestServer({ drainMs: 0 });
    const socket = await connectTo(server.url);
    const closed = once(socket, 'close');
    await server.close();
    expect((await closed)[0]).toBe(1001);
  });

  test('keeps a stock client’s old connection while there is nowhere to go, then closes it with 1001', async () => {
    const server = await startTestServer({ drainMs: 300 });
    await using client = wsClient(server.url);
    const states: string[] = [];
    const live = new Promise<void>((resolve) => {
      client.trpc.on.any.subscribe(undefined, {
        onData: () => resolve(),
        onConnectionStateChange: ({ state }) => states.push(state),
      });
    });
    await live;
    // The same without a client, which tells nobody of closes.
    const raw = await connectTo(server.url);
    const asked = once(raw, 'message');
    const closed = once(raw, 'close');
    const since = performance.now();
    const stopped = server.close();
    expect(String((await asked)[0])).toBe('{"id":null,"method":"reconnect"}');
    expect((await closed)[0]).toBe(1001);
    expect(performance.now() - since).toBeGreaterThan(250);
    await stopped;
    await expect.poll(() => states.at(-1)).toBe('connecting');
  });
});

describe('inTurns', () => {
  test('does everything in order, spread over the time, however much there is', async () => {
    const done: number[] = [];
    const acts = Array.from({ length: 5000 }, (_, n) => () => void done.push(n));
    const since = performance.now();
    await inTurns(acts, 200);
    expect(performance.now() - since).toBeGreaterThan(150);
    expect(done).toEqual(acts.map((_, n) => n));
  });

  test('ends early when there is no need to go on', async () => {
    const done: number[] = [];
    const acts = Array.from({ length: 100 }, (_, n) => () => void done.push(n));
    await inTurns(acts, LONG_MS, () => done.length > 0);
    expect(done.length).toBeLessThan(100);
  });

  test('takes no time when there is nothing to do', async () => {
    await inTurns([], LONG_MS);
  });
});
