import { initTRPC, TRPCError } from '@trpc/server';
import { observable } from '@trpc/server/observable';
import { describe, expect, test, vi } from 'vitest';
import { deferred } from '../support/deferred.ts';
import { ADAPTERS, startServer, until } from './harness.ts';

const t = initTRPC.create();

describe.each(ADAPTERS)('%s adapter: a subscription', (_name, apply) => {
  /** A subscription whose procedure answers when the test says so. */
  function setup(answer: () => unknown = () => (async function* () {})()) {
    const called = vi.fn();
    const gate = deferred();
    const signals: AbortSignal[] = [];
    const router = t.router({
      it: t.procedure.subscription(async ({ signal }) => {
        called();
        if (signal) signals.push(signal);
        await gate.promise;
        return answer() as AsyncIterable<unknown>;
      }),
      ping: t.procedure.query(() => 'pong'),
    });
    return { router, called, gate, signals };
  }

  test('that is stopped before its context exists never runs its procedure', async () => {
    const { router, called } = setup();
    const context = deferred<object>();
    await using server = await startServer(apply, { router, createContext: () => context.promise });
    const client = await server.connect();
    client.call(1, 'subscription', 'it');
    client.stop(1);
    await client.flushed();
    context.resolve({});
    await client.expectStory(1, ['stopped']);
    expect(called).not.toHaveBeenCalled();
  });

  test('can be stopped in the same batch', async () => {
    const { router, called } = setup();
    await using server = await startServer(apply, { router });
    const client = await server.connect();
    client.send([
      { id: 1, method: 'subscription', params: { path: 'it' } },
      { id: 1, method: 'subscription.stop' },
    ]);
    await client.expectStory(1, ['stopped']);
    expect(called).not.toHaveBeenCalled();
  });

  test('that is stopped while its procedure runs has its stream cleaned up unread', async () => {
    const next = vi.fn();
    const cleaned = vi.fn(async () => ({ value: undefined, done: true as const }));
    const { router, gate, signals } = setup(() => ({
      [Symbol.asyncIterator]: () => ({ next, return: cleaned }),
    }));
    await using server = await startServer(apply, { router });
    const client = await server.connect();
    client.call(1, 'subscription', 'it');
    await until(() => expect(signals).toHaveLength(1));
    client.stop(1);
    await until(() => expect(signals[0]?.aborted).toBe(true));
    client.call(1, 'subscription', 'it'); // not over yet
    await client.expectStory(1, ['error:BAD_REQUEST']);
    gate.resolve();
    await client.expectStory(1, ['error:BAD_REQUEST', 'stopped']);
    expect(next).not.toHaveBeenCalled();
    expect(cleaned).toHaveBeenCalledTimes(1);
  });

  test('that is stopped while its procedure runs reports a failing cleanup to onError', async () => {
    const onError = vi.fn();
    const { router, gate, called } = setup(() => ({
      [Symbol.asyncIterator]: () => ({
        next: vi.fn(),
        return: async () => {
          throw new Error('no clean end');
        },
      }),
    }));
    await using server = await startServer(apply, { router, onError });
    const client = await server.connect();
    client.call(1, 'subscription', 'it');
    await until(() => expect(called).toHaveBeenCalled());
    client.stop(1);
    await client.flushed();
    gate.resolve();
    await client.expectStory(1, ['stopped']);
    expect(onError.mock.calls.map(([{ error }]) => error.message)).toEqual(['no clean end']);
  });

  test('that is stopped while its procedure runs leaves an observable unsubscribed', async () => {
    let active = 0;
    const { router, gate, called } = setup(() =>
      observable(() => {
        active += 1;
        return () => {
          active -= 1;
        };
      }),
    );
    await using server = await startServer(apply, { router });
    const client = await server.connect();
    client.call(1, 'subscription', 'it');
    await until(() => expect(called).toHaveBeenCalled());
    client.stop(1);
    await client.flushed();
    gate.resolve();
    await client.expectStory(1, ['stopped']);
    expect(active).toBe(0);
  });

  test('has not failed when its procedure gives up because it was stopped', async () => {
    const onError = vi.fn();
    const { router, gate, called } = setup(() => {
      throw new DOMException('stopped', 'AbortError');
    });
    await using server = await startServer(apply, { router, onError });
    const client = await server.connect();
    client.call(1, 'subscription', 'it');
    await until(() => expect(called).toHaveBeenCalled());
    client.stop(1);
    await client.flushed();
    gate.resolve();
    await client.expectStory(1, ['stopped']);
    expect(onError).not.toHaveBeenCalled();
  });

  test('has failed when its procedure was stopped, but fails for another reason', async () => {
    const onError = vi.fn();
    const { router, gate, called } = setup(() => {
      throw new TRPCError({ code: 'FORBIDDEN' });
    });
    await using server = await startServer(apply, { router, onError });
    const client = await server.connect();
    client.call(1, 'subscription', 'it');
    await until(() => expect(called).toHaveBeenCalled());
    client.stop(1);
    await client.flushed();
    gate.resolve();
    await client.expectStory(1, ['error:FORBIDDEN']);
    expect(onError).toHaveBeenCalledTimes(1);
  });

  test('has failed when it throws an AbortError without being stopped', async () => {
    const { router, gate } = setup(() => {
      throw new DOMException('stopped', 'AbortError');
    });
    gate.resolve();
    await using server = await startServer(apply, { router });
    const client = await server.connect();
    client.call(1, 'subscription', 'it');
    await client.expectStory(1, ['error:INTERNAL_SERVER_ERROR']);
  });

  test('never runs its procedure when its client disconnects before its context exists', async () => {
    const { router, called } = setup();
    const context = deferred<object>();
    const closed = deferred();
    await using server = await startServer(apply, { router, createContext: () => context.promise });
    server.wss.on('connection', (ws) => ws.on('close', () => closed.resolve()));
    const client = await server.connect();
    client.call(1, 'subscription', 'it');
    await client.flushed();
    client.ws.terminate();
    await closed.promise;
    context.resolve({});
    await new Promise((resolve) => setImmediate(resolve));
    expect(called).not.toHaveBeenCalled();
  });

  test('has its stream cleaned up unread when its client disconnects while its procedure runs', async () => {
    const next = vi.fn();
    const cleaned = vi.fn(async () => ({ value: undefined, done: true as const }));
    const { router, gate, signals } = setup(() => ({
      [Symbol.asyncIterator]: () => ({ next, return: cleaned }),
    }));
    await using server = await startServer(apply, { router });
    const client = await server.connect();
    client.call(1, 'subscription', 'it');
    await until(() => expect(signals).toHaveLength(1));
    client.ws.terminate();
    await until(() => expect(signals[0]?.aborted).toBe(true));
    gate.resolve();
    await until(() => expect(cleaned).toHaveBeenCalledTimes(1));
    expect(next).not.toHaveBeenCalled();
  });

  test('has a stream that arrives while the socket is closing cleaned up unread, with its signal aborted', async () => {
    const next = vi.fn();
    const cleaned = vi.fn(async () => ({ value: undefined, done: true as const }));
    const { router, gate, signals } = setup(() => ({
      [Symbol.asyncIterator]: () => ({ next, return: cleaned }),
    }));
    await using server = await startServer(apply, { router });
    const client = await server.connect();
    client.call(1, 'subscription', 'it');
    await until(() => expect(signals).toHaveLength(1));
    client.ws.pause(); // it does not answer the close, so the socket stays half open
    for (const ws of server.wss.clients) ws.close();
    gate.resolve();
    await until(() => expect(cleaned).toHaveBeenCalledTimes(1));
    expect(signals[0]?.aborted).toBe(true);
    expect(next).not.toHaveBeenCalled();
    expect(server.wss.clients.size).toBe(1);
  });

  test('has its signal aborted when its procedure fails while the socket is closing', async () => {
    const { router, gate, signals } = setup(() => {
      throw new TRPCError({ code: 'FORBIDDEN' });
    });
    await using server = await startServer(apply, { router });
    const client = await server.connect();
    client.call(1, 'subscription', 'it');
    await until(() => expect(signals).toHaveLength(1));
    client.ws.pause();
    for (const ws of server.wss.clients) ws.close();
    gate.resolve();
    await until(() => expect(signals[0]?.aborted).toBe(true));
    expect(server.wss.clients.size).toBe(1);
  });

  test('is cancelled by a server that closes the socket before the close is complete', async () => {
    const subscribed = vi.fn();
    const { router, gate, signals } = setup(() => observable(subscribed));
    await using server = await startServer(apply, { router });
    const client = await server.connect();
    client.call(1, 'subscription', 'it');
    await until(() => expect(signals).toHaveLength(1));
    for (const ws of server.wss.clients) ws.close();
    gate.resolve();
    await until(() => expect(signals[0]?.aborted).toBe(true));
    await client.closed;
    expect(subscribed).not.toHaveBeenCalled();
    expect(client.frames).toEqual([]);
  });
});
