import { initTRPC, TRPCError } from '@trpc/server';
import { observable } from '@trpc/server/observable';
import { describe, expect, test, vi } from 'vitest';
import { deferred } from '../support/deferred.ts';
import { ADAPTERS, startServer, until } from './harness.ts';

/** An async iterable by hand, whose every step the test decides. */
function handMade(parts: Partial<AsyncIterator<unknown>> = {}) {
  const next = vi.fn(parts.next ?? (() => new Promise<never>(() => {})));
  const ret = vi.fn(parts.return ?? (async () => ({ value: undefined, done: true as const })));
  const opened = vi.fn();
  const iterable: AsyncIterable<unknown> = {
    [Symbol.asyncIterator]() {
      opened();
      return { next, return: ret };
    },
  };
  return { iterable, opened, next, return: ret };
}

const t = initTRPC.create();

function routerOf(resolve: (signal: AbortSignal) => unknown) {
  return t.router({
    it: t.procedure.subscription(
      ({ signal }) => resolve(signal ?? AbortSignal.abort()) as AsyncIterable<unknown>,
    ),
    ping: t.procedure.query(() => 'pong'),
  });
}

describe.each(ADAPTERS)('%s adapter: cleanup', (_name, apply) => {
  test('a stop returns the iterator, then sends stopped', async () => {
    const cleaning = deferred();
    const items = handMade({
      return: async () => {
        await cleaning.promise;
        return { value: undefined, done: true };
      },
    });
    await using server = await startServer(apply, { router: routerOf(() => items.iterable) });
    const client = await server.connect();
    client.call(1, 'subscription', 'it');
    await client.expectStory(1, ['started']);
    client.stop(1);
    await until(() => expect(items.return).toHaveBeenCalledTimes(1));
    client.call(1, 'subscription', 'it'); // still cleaning up: the id is taken
    await client.expectStory(1, ['started', 'error:BAD_REQUEST']);
    cleaning.resolve();
    await client.expectStory(1, ['started', 'error:BAD_REQUEST', 'stopped']);
    expect(items.opened).toHaveBeenCalledTimes(1);
  });

  test('a stop aborts the signal before the cleanup', async () => {
    const order: string[] = [];
    const items = handMade({
      return: async () => {
        order.push('return');
        return { value: undefined, done: true };
      },
    });
    const router = routerOf((signal) => {
      signal.addEventListener('abort', () => order.push('abort'));
      return items.iterable;
    });
    await using server = await startServer(apply, { router });
    const client = await server.connect();
    client.call(1, 'subscription', 'it');
    await client.expectStory(1, ['started']);
    client.stop(1);
    client.stop(1);
    await client.expectStory(1, ['started', 'stopped']);
    expect(order).toEqual(['abort', 'return']);
  });

  test('a failed iteration aborts the signal before its cleanup, and a completed one does not', async () => {
    const aborted = vi.fn();
    const results: (() => Promise<IteratorResult<unknown>>)[] = [
      async () => ({ value: undefined, done: true }),
      async () => {
        throw new TRPCError({ code: 'CONFLICT' });
      },
    ];
    const router = routerOf((signal) => {
      signal.addEventListener('abort', aborted);
      const next = results.shift();
      return handMade(next && { next }).iterable;
    });
    await using server = await startServer(apply, { router });
    const client = await server.connect();
    client.call(1, 'subscription', 'it');
    await client.expectStory(1, ['started', 'stopped']);
    expect(aborted).not.toHaveBeenCalled();
    client.call(2, 'subscription', 'it');
    await client.expectStory(2, ['started', 'error:CONFLICT', 'stopped']);
    expect(aborted).toHaveBeenCalledTimes(1);
  });

  test('a failing cleanup is reported to onError, and not to the client', async () => {
    const onError = vi.fn();
    const items = handMade({
      return: async () => {
        throw new Error('no clean end');
      },
    });
    await using server = await startServer(apply, { router: routerOf(() => items.iterable), onError });
    const client = await server.connect();
    client.call(1, 'subscription', 'it');
    await client.expectStory(1, ['started']);
    client.stop(1);
    await client.expectStory(1, ['started', 'stopped']);
    expect(onError).toHaveBeenCalledTimes(1);
    expect(onError.mock.calls[0]?.[0].error.message).toBe('no clean end');
    client.call(1, 'subscription', 'it'); // the id is free again
    await client.expectStory(1, ['started', 'stopped', 'started']);
  });

  test('if iteration and cleanup both fail, the client gets the first error and onError both', async () => {
    const onError = vi.fn();
    const items = handMade({
      next: async () => {
        throw new TRPCError({ code: 'CONFLICT', message: 'first' });
      },
      return: async () => {
        throw new Error('second');
      },
    });
    await using server = await startServer(apply, { router: routerOf(() => items.iterable), onError });
    const client = await server.connect();
    client.call(1, 'subscription', 'it');
    await client.expectStory(1, ['started', 'error:CONFLICT', 'stopped']);
    expect(onError.mock.calls.map(([{ error }]) => error.message)).toEqual(['first', 'second']);
  });

  test('an iteration error is sent after the cleanup', async () => {
    const cleaning = deferred();
    const items = handMade({
      next: async () => {
        throw new TRPCError({ code: 'CONFLICT' });
      },
      return: async () => {
        await cleaning.promise;
        return { value: undefined, done: true };
      },
    });
    await using server = await startServer(apply, { router: routerOf(() => items.iterable) });
    const client = await server.connect();
    client.call(1, 'subscription', 'it');
    await until(() => expect(items.return).toHaveBeenCalled());
    await client.flushed();
    expect(client.story(1)).toEqual(['started']);
    cleaning.resolve();
    await client.expectStory(1, ['started', 'error:CONFLICT', 'stopped']);
  });

  test('an iterator that cannot be created fails the subscription', async () => {
    const router = routerOf(() => ({
      [Symbol.asyncIterator]() {
        throw new TRPCError({ code: 'CONFLICT' });
      },
    }));
    await using server = await startServer(apply, { router });
    const client = await server.connect();
    client.call(1, 'subscription', 'it');
    await client.expectStory(1, ['started', 'error:CONFLICT', 'stopped']);
  });

  test('an iterator that throws instead of rejecting, or has no return(), is served too', async () => {
    const router = routerOf(() => ({
      [Symbol.asyncIterator]: () => ({
        next() {
          throw new TRPCError({ code: 'CONFLICT' });
        },
      }),
    }));
    await using server = await startServer(apply, { router });
    const client = await server.connect();
    client.call(1, 'subscription', 'it');
    await client.expectStory(1, ['started', 'error:CONFLICT', 'stopped']);
  });

  test('Symbol.asyncDispose is preferred to return()', async () => {
    const items = handMade();
    const disposed = vi.fn(async () => {});
    const router = routerOf(() => ({
      [Symbol.asyncIterator]: () => ({
        next: items.next,
        return: items.return,
        [Symbol.asyncDispose]: disposed,
      }),
    }));
    await using server = await startServer(apply, { router });
    const client = await server.connect();
    client.call(1, 'subscription', 'it');
    await client.expectStory(1, ['started']);
    client.stop(1);
    await client.expectStory(1, ['started', 'stopped']);
    expect(disposed).toHaveBeenCalledTimes(1);
    expect(items.return).not.toHaveBeenCalled();
  });

  test('a later rejection of a stopped iteration goes to onError, unless it is the abort itself', async () => {
    const onError = vi.fn();
    const failures = [new DOMException('stopped', 'AbortError'), new Error('late')];
    const router = routerOf(
      (signal) =>
        handMade({
          next: () =>
            new Promise((_resolve, reject) => {
              signal.addEventListener('abort', () => reject(failures.shift()));
            }),
        }).iterable,
    );
    await using server = await startServer(apply, { router, onError });
    const client = await server.connect();
    for (const id of [1, 2]) {
      client.call(id, 'subscription', 'it');
      await client.expectStory(id, ['started']);
      client.stop(id);
      await client.expectStory(id, ['started', 'stopped']);
    }
    expect(onError.mock.calls.map(([{ error }]) => error.message)).toEqual(['late']);
  });

  test('a stop does not wait for an item that never comes', async () => {
    const items = handMade();
    await using server = await startServer(apply, { router: routerOf(() => items.iterable) });
    const client = await server.connect();
    client.call(1, 'subscription', 'it');
    await client.expectStory(1, ['started']);
    client.stop(1);
    await client.expectStory(1, ['started', 'stopped']);
    expect(items.next).toHaveBeenCalledTimes(1);
  });

  test('an observable whose teardown throws is reported, and its subscription is stopped', async () => {
    const onError = vi.fn();
    const router = routerOf(() =>
      observable(() => () => {
        throw new Error('teardown');
      }),
    );
    await using server = await startServer(apply, { router, onError });
    const client = await server.connect();
    client.call(1, 'subscription', 'it');
    await client.expectStory(1, ['started']);
    client.stop(1);
    await client.expectStory(1, ['started', 'stopped']);
    expect(onError.mock.calls.map(([{ error }]) => error.message)).toEqual(['teardown']);
  });

  test('nothing is sent after stopped', async () => {
    let send: (value: unknown) => void = () => {};
    const router = routerOf(() =>
      observable((observer) => {
        send = (value) => observer.next(value);
      }),
    );
    await using server = await startServer(apply, { router });
    const client = await server.connect();
    client.call(1, 'subscription', 'it');
    await client.expectStory(1, ['started']);
    client.stop(1);
    await client.expectStory(1, ['started', 'stopped']);
    send('too late');
    client.call(2, 'query', 'ping');
    await client.frame(2);
    expect(client.story(1)).toEqual(['started', 'stopped']);
  });
});
