import { setImmediate as turn } from 'node:timers/promises';
import { applyWSSHandler } from '@trpc/server/adapters/ws';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Unacknowledged } from '../../server/broadcaster/socket/unacknowledged.ts';
import { CloseCode } from '../../shared/protocol.ts';
import { type Apply, type RawClient, startServer, until, withLimits } from './harness.ts';
import { guarded, held, ITEM, LIMIT, MIB, settled, sources, stalled } from './slow-client.ts';

/** A quarter of the time that a client may take nothing. */
const LOOK_MS = 7_500;
/** Far more than are taken of any source. */
const MOST_ITEMS = 200_000;

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe('an async iterable', () => {
  test('is not pulled while its client does not read, and loses no item', async () => {
    const { router, seen } = sources();
    await using server = await startServer(guarded, { router });
    const client = await stalled(server);
    await until(() => expect(held(server)).toBeGreaterThan(LIMIT));
    const produced = await settled(() => seen.produced);
    expect(held(server)).toBeLessThan(LIMIT + 2 * ITEM.length);
    client.ws.resume();
    await until(() => expect(seen.produced).toBeGreaterThan(2 * produced));
    client.stop(1);
    await until(() => expect(client.of(1).at(-1)?.result?.type).toBe('stopped'));
    const numbers = client
      .of(1)
      .flatMap(({ result }) => (result?.data as { n: number } | undefined)?.n ?? []);
    expect(numbers).toEqual(numbers.map((_n, index) => index + 1));
  });

  test.each<[string, Apply]>([
    ['the guard off', withLimits({ maxBufferedBytes: Number.POSITIVE_INFINITY })],
    ['tRPC’s own adapter', applyWSSHandler],
  ])('control: is buffered without end in the process with %s', async (_name, apply) => {
    const { router } = sources();
    await using server = await startServer(apply, { router });
    await stalled(server);
    await until(() => expect(held(server)).toBeGreaterThan(16 * MIB));
  });

  test('that never pauses leaves the event loop to others', async () => {
    const { router, seen } = sources();
    await using server = await startServer(guarded, { router });
    const client = await server.connect();
    client.call(1, 'subscription', 'tight', 20_000);
    const other = await server.connect();
    other.call(1, 'query', 'ping');
    await other.frame(1);
    expect(seen.produced).toBeLessThan(20_000);
    client.stop(1);
    await until(() => expect(client.of(1).at(-1)?.result?.type).toBe('stopped'));
  });

  test('that never pauses leaves the event loop to others once its client is being closed, and is no more pulled', async () => {
    const { router, seen } = sources();
    await using server = await startServer(guarded, { router });
    const client = await server.connect();
    client.call(1, 'subscription', 'tight', MOST_ITEMS);
    await client.frame(1);
    client.ws.pause();
    await until(() => expect(held(server)).toBeGreaterThan(LIMIT));
    await settled(() => seen.produced);
    for (const ws of server.wss.clients) ws.close();
    client.ws.resume();
    await client.closed;
    expect(seen.produced).toBeLessThan(MOST_ITEMS);
  });

  test('that belongs to a stalled client does not delay other clients', async () => {
    const { router, seen } = sources();
    await using server = await startServer(guarded, { router });
    await stalled(server);
    await until(() => expect(held(server)).toBeGreaterThan(LIMIT));
    await settled(() => seen.produced);
    const other = await server.connect();
    other.call(1, 'subscription', 'tight', 200);
    await until(() => expect(other.of(1)).toHaveLength(202));
  });

  test('can be stopped by a stalled client', async () => {
    const { router, seen } = sources();
    await using server = await startServer(guarded, { router });
    const client = await stalled(server);
    await until(() => expect(held(server)).toBeGreaterThan(LIMIT));
    client.stop(1);
    await until(() => expect(seen.finished).toHaveBeenCalledTimes(1));
    client.ws.resume();
    await until(() => expect(client.of(1).at(-1)?.result?.type).toBe('stopped'));
  });

  test('is cleaned up when its client goes away while it waits', async () => {
    const { router, seen } = sources();
    await using server = await startServer(guarded, { router });
    const client = await stalled(server);
    await until(() => expect(held(server)).toBeGreaterThan(LIMIT));
    client.ws.terminate();
    await until(() => expect(seen.finished).toHaveBeenCalledTimes(1));
    await until(() => expect(server.wss.clients.size).toBe(0));
  });
});

describe('a client that sends requests and does not read', () => {
  const ask = (client: RawClient) => {
    for (let id = 1; id <= 400; id++) client.call(id, 'query', 'big');
  };

  test('has its further calls wait until it has read its answers', async () => {
    const { router, seen } = sources();
    await using server = await startServer(guarded, { router });
    const client = await server.connect();
    client.ws.pause();
    ask(client);
    await until(() => expect(held(server)).toBeGreaterThan(LIMIT));
    expect(await settled(() => seen.calls)).toBeLessThan(300);
    expect(held(server)).toBeLessThan(100 * ITEM.length + LIMIT);
    client.ws.resume();
    await until(() => expect(client.frames).toHaveLength(400));
  });

  test('is not read from any more', async () => {
    const { router, seen } = sources();
    await using server = await startServer(guarded, { router });
    const client = await server.connect();
    client.ws.pause();
    ask(client);
    await until(() => expect(held(server)).toBeGreaterThan(LIMIT));
    await settled(() => seen.calls);
    const socket = [...server.wss.clients][0];
    client.call('one more', 'query', 'big');
    await until(() => expect(socket?.isPaused).toBe(true));
    client.ws.resume();
    await client.frame('one more');
    expect(socket?.isPaused).toBe(false);
  });

  test('control: makes every answer pile up with the guards off', async () => {
    const { router, seen } = sources();
    const off = { maxBufferedBytes: Number.POSITIVE_INFINITY, maxConcurrentCalls: Number.POSITIVE_INFINITY };
    await using server = await startServer(withLimits(off), { router });
    const client = await server.connect();
    client.ws.pause();
    ask(client);
    await until(() => expect(seen.calls).toBe(400));
    expect(held(server)).toBeGreaterThan(16 * MIB);
  });
});

describe('[D9] a client that drains nothing', () => {
  async function stall() {
    const { router, seen } = sources();
    // As a system has it that does not say what it holds: here it takes a little more while the clock is turned on.
    const asked = vi.spyOn(Unacknowledged, 'read').mockImplementation(async () => new Unacknowledged([]));
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
    const server = await startServer(guarded, { router });
    const client = await server.connect();
    client.call(1, 'subscription', 'stream');
    await client.frame(1);
    client.ws.pause();
    await until(() => expect(held(server)).toBeGreaterThan(LIMIT));
    await settled(() => seen.produced);
    /** Lets time pass: the guard has its answer from the system before it looks again. */
    const pass = async (ms: number): Promise<void> => {
      for (let left = ms; left > 0; left -= LOOK_MS) {
        vi.advanceTimersByTime(Math.min(left, LOOK_MS));
        await Promise.all(asked.mock.results.map(({ value }) => value));
        await turn();
      }
    };
    return { server, client, seen, pass };
  }

  test('is closed with 4008 after 30 s, at most a quarter late', async () => {
    const { server, client, seen, pass } = await stall();
    await using _server = server;
    await pass(29_999);
    expect([...server.wss.clients].map((ws) => ws.readyState)).toEqual([1]);
    await pass(7_501);
    expect([...server.wss.clients].map((ws) => ws.readyState)).toEqual([2]);
    client.ws.resume();
    expect(await client.closed).toBe(CloseCode.SLOW_CONSUMER);
    await until(() => expect(seen.finished).toHaveBeenCalledTimes(1));
  });

  test('is terminated if it does not even read the close frame', async () => {
    const { server, seen, pass } = await stall();
    await using _server = server;
    await pass(37_500);
    vi.advanceTimersByTime(1_000);
    await until(() => expect(server.wss.clients.size).toBe(0));
    await until(() => expect(seen.finished).toHaveBeenCalledTimes(1));
  });

  test('stays connected if it drains in time', async () => {
    const { server, client, seen, pass } = await stall();
    await using _server = server;
    await pass(29_000);
    const produced = seen.produced;
    client.ws.resume();
    await until(() => expect(seen.produced).toBeGreaterThan(2 * produced));
    client.stop(1);
    await until(() => expect(client.of(1).at(-1)?.result?.type).toBe('stopped'));
    await pass(60_000);
    client.call(2, 'query', 'ping');
    await client.expectStory(2, ['data:"pong"']);
  });
});
