import { EventEmitter, on } from 'node:events';
import { initTRPC, TRPCError, tracked } from '@trpc/server';
import { observable } from '@trpc/server/observable';
import { describe, expect, test, vi } from 'vitest';
import * as z from 'zod';
import { deferred } from '../support/deferred.ts';
import { ADAPTERS, startServer, until } from './harness.ts';

describe.each(ADAPTERS)('%s adapter: subscriptions', (_name, apply) => {
  const t = initTRPC.create();

  function chat() {
    const events = new EventEmitter();
    const router = t.router({
      hello: t.procedure.query(() => 'hello'),
      count: t.procedure.input(z.number()).subscription(async function* ({ input }) {
        for (let n = 1; n <= input; n++) yield n;
      }),
      messages: t.procedure.subscription(async function* ({ signal }) {
        for await (const [message] of on(events, 'message', signal ? { signal } : {})) yield message;
      }),
      pushed: t.procedure.subscription(() =>
        observable<unknown>((observer) => {
          const onMessage = (message: unknown) => observer.next(message);
          const onEnd = () => observer.complete();
          const onFailure = (error: Error) => observer.error(error);
          events.on('message', onMessage).on('end', onEnd).on('failure', onFailure);
          return () => {
            events.off('message', onMessage).off('end', onEnd).off('failure', onFailure);
          };
        }),
      ),
      resumable: t.procedure
        .input(z.object({ from: z.string().optional(), lastEventId: z.string().optional() }).optional())
        .subscription(async function* ({ input }) {
          const start = Number(input?.lastEventId ?? input?.from ?? 0);
          yield tracked(String(start + 1), { n: start + 1 });
          yield tracked(String(start + 2), { n: start + 2 });
        }),
      rawInput: t.procedure
        .input((input) => input)
        .subscription(async function* ({ input }) {
          yield input ?? null;
        }),
      fails: t.procedure.subscription(async function* () {
        yield 1;
        throw new TRPCError({ code: 'CONFLICT', message: 'in the middle' });
      }),
      notAStream: t.procedure.subscription(() => 'text' as unknown as AsyncIterable<number>),
      rejects: t.procedure.subscription((): AsyncIterable<number> => {
        throw new TRPCError({ code: 'FORBIDDEN' });
      }),
    });
    return { events, router };
  }

  test('a subscription sends started, each item, and stopped at the end', async () => {
    await using server = await startServer(apply, chat());
    const client = await server.connect();
    client.call(1, 'subscription', 'count', 3);
    await client.expectStory(1, ['started', 'data:1', 'data:2', 'data:3', 'stopped']);
    expect(client.of(1)[0]).toEqual({ id: 1, result: { type: 'started' } });
    expect(client.of(1)[4]).toEqual({ id: 1, result: { type: 'stopped' } });
  });

  test.each(['messages', 'pushed'])('%s: items arrive until the client stops', async (path) => {
    const { events, router } = chat();
    await using server = await startServer(apply, { router });
    const client = await server.connect();
    client.call(1, 'subscription', path);
    await client.expectStory(1, ['started']);
    await until(() => expect(events.listenerCount('message')).toBe(1));
    events.emit('message', 'a');
    events.emit('message', 'b');
    await client.expectStory(1, ['started', 'data:"a"', 'data:"b"']);
    client.stop(1);
    await client.expectStory(1, ['started', 'data:"a"', 'data:"b"', 'stopped']);
    expect(events.listenerCount('message')).toBe(0);
  });

  test.each(['messages', 'pushed'])('%s: the subscription ends with the socket', async (path) => {
    const { events, router } = chat();
    await using server = await startServer(apply, { router });
    const client = await server.connect();
    client.call(1, 'subscription', path);
    await until(() => expect(events.listenerCount('message')).toBe(1));
    client.ws.close();
    await until(() => expect(events.listenerCount('message')).toBe(0));
  });

  test('many subscriptions and queries share a socket', async () => {
    const { events, router } = chat();
    await using server = await startServer(apply, { router });
    const client = await server.connect();
    client.call(1, 'subscription', 'messages');
    client.call('1', 'subscription', 'pushed');
    client.call(2, 'subscription', 'pushed');
    await until(() => expect(events.listenerCount('message')).toBe(3));
    client.stop(2);
    await client.expectStory(2, ['started', 'stopped']);
    events.emit('message', 'x');
    client.call(3, 'query', 'hello');
    await client.expectStory(1, ['started', 'data:"x"']);
    await client.expectStory('1', ['started', 'data:"x"']);
    await client.expectStory(3, ['data:"hello"']);
    expect(client.story(2)).toEqual(['started', 'stopped']);
  });

  test('an observable that completes or fails ends its subscription', async () => {
    const { events, router } = chat();
    await using server = await startServer(apply, { router });
    const client = await server.connect();
    client.call(1, 'subscription', 'pushed');
    await until(() => expect(events.listenerCount('end')).toBe(1));
    events.emit('message', 'last');
    events.emit('end');
    await client.expectStory(1, ['started', 'data:"last"', 'stopped']);
    client.call(2, 'subscription', 'pushed');
    await until(() => expect(events.listenerCount('end')).toBe(1));
    events.emit('failure', new TRPCError({ code: 'CONFLICT' }));
    await client.expectStory(2, ['started', 'error:CONFLICT', 'stopped']);
    expect(events.listenerCount('message')).toBe(0);
  });

  test('an observable that throws while it is subscribed to never starts', async () => {
    const router = t.router({
      broken: t.procedure.subscription(() =>
        observable<number>(() => {
          throw new TRPCError({ code: 'CONFLICT' });
        }),
      ),
    });
    await using server = await startServer(apply, { router });
    const client = await server.connect();
    client.call(1, 'subscription', 'broken');
    await client.expectStory(1, ['error:CONFLICT']);
  });

  test('a failure in the middle sends the error, then stopped', async () => {
    const onError = vi.fn();
    await using server = await startServer(apply, { ...chat(), onError });
    const client = await server.connect();
    client.call(1, 'subscription', 'fails');
    await client.expectStory(1, ['started', 'data:1', 'error:CONFLICT', 'stopped']);
    expect(onError).toHaveBeenCalledTimes(1);
  });

  test('a subscription that never starts gets an error and nothing else', async () => {
    await using server = await startServer(apply, chat());
    const client = await server.connect();
    client.call(1, 'subscription', 'notAStream');
    client.call(2, 'subscription', 'rejects');
    client.call(3, 'subscription', 'nowhere');
    client.call(4, 'subscription', 'hello');
    client.call(5, 'subscription', 'count', 'three');
    await client.expectStory(5, ['error:BAD_REQUEST']);
    await client.flushed();
    expect(client.story(1)).toEqual(['error:INTERNAL_SERVER_ERROR']);
    expect(client.of(1)[0]?.error?.message).toContain('did not return');
    expect(client.story(2)).toEqual(['error:FORBIDDEN']);
    expect(client.story(3)).toEqual(['error:NOT_FOUND']);
    expect(client.story(4)).toEqual(['error:NOT_FOUND']);
  });

  test('tracked items carry their id twice: for the client and for the caller', async () => {
    await using server = await startServer(apply, chat());
    const client = await server.connect();
    client.call(1, 'subscription', 'resumable', { from: '4' });
    expect(await client.frame(1, 1)).toEqual({
      id: 1,
      result: { type: 'data', id: '5', data: { id: '5', data: { n: 5 } } },
    });
  });

  test.each([
    ['an object', { from: '1' }, { from: '1', lastEventId: '9' }],
    ['nothing', undefined, { lastEventId: '9' }],
    ['null', null, { lastEventId: '9' }],
    ['text', 'text', 'text'],
    ['a list', [1], [1]],
  ])('lastEventId is merged into an input that is %s', async (_kind, input, expected) => {
    await using server = await startServer(apply, chat());
    const client = await server.connect();
    client.send({
      id: 1,
      method: 'subscription',
      params: { path: 'rawInput', input, lastEventId: '9' },
    });
    expect((await client.frame(1, 1)).result?.data).toEqual(expected);
  });

  test('a subscription resumes after lastEventId', async () => {
    await using server = await startServer(apply, chat());
    const client = await server.connect();
    client.send({ id: 1, method: 'subscription', params: { path: 'resumable', lastEventId: '7' } });
    await client.expectStory(1, [
      'started',
      'data:{"id":"8","data":{"n":8}}',
      'data:{"id":"9","data":{"n":9}}',
      'stopped',
    ]);
  });

  test('a second subscription with the id of an open one is refused, and the first goes on', async () => {
    const { events, router } = chat();
    await using server = await startServer(apply, { router });
    const client = await server.connect();
    client.call(1, 'subscription', 'messages');
    await client.expectStory(1, ['started']);
    client.call(1, 'subscription', 'messages');
    await client.expectStory(1, ['started', 'error:BAD_REQUEST']);
    expect(client.of(1)[1]?.error?.message).toBe('Duplicate id 1');
    events.emit('message', 'still here');
    await client.expectStory(1, ['started', 'error:BAD_REQUEST', 'data:"still here"']);
  });

  test('a query may use the id of a subscription', async () => {
    await using server = await startServer(apply, chat());
    const client = await server.connect();
    client.call(1, 'subscription', 'messages');
    client.call(1, 'query', 'hello');
    await client.expectStory(1, ['started', 'data:"hello"']);
  });

  test('an id is free again once stopped was sent', async () => {
    await using server = await startServer(apply, chat());
    const client = await server.connect();
    for (let round = 0; round < 3; round++) {
      client.frames.length = 0;
      client.call(1, 'subscription', 'messages');
      await client.expectStory(1, ['started']);
      client.stop(1);
      await client.expectStory(1, ['started', 'stopped']);
    }
    client.frames.length = 0;
    client.call(1, 'subscription', 'rejects');
    await client.expectStory(1, ['error:FORBIDDEN']);
    client.call(1, 'subscription', 'rejects');
    await client.expectStory(1, ['error:FORBIDDEN', 'error:FORBIDDEN']);
  });

  test('jsonrpc is echoed in every message of a subscription', async () => {
    await using server = await startServer(apply, chat());
    const client = await server.connect();
    client.send({ id: 1, jsonrpc: '2.0', method: 'subscription', params: { path: 'fails' } });
    await client.expectStory(1, ['started', 'data:1', 'error:CONFLICT', 'stopped']);
    expect(client.of(1).map(({ jsonrpc }) => jsonrpc)).toEqual(['2.0', '2.0', '2.0', '2.0']);
  });

  test('an item that cannot be encoded fails only its subscription', async () => {
    const gate = deferred();
    const router = t.router({
      hello: t.procedure.query(() => 'hello'),
      bigint: t.procedure.subscription(async function* () {
        yield 1;
        await gate.promise;
        yield 1n;
      }),
    });
    await using server = await startServer(apply, { router });
    const client = await server.connect();
    client.call(1, 'subscription', 'bigint');
    await client.expectStory(1, ['started', 'data:1']);
    gate.resolve();
    await client.expectStory(1, ['started', 'data:1', 'error:INTERNAL_SERVER_ERROR', 'stopped']);
    client.call(2, 'query', 'hello');
    await client.expectStory(2, ['data:"hello"']);
  });
});
