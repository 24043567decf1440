import { initTRPC, TRPCError } from '@trpc/server';
import { observable } from '@trpc/server/observable';
import superjson from 'superjson';
import { describe, expect, test, vi } from 'vitest';
import * as z from 'zod';
import { ADAPTERS, startServer } from './harness.ts';

describe.each(ADAPTERS)('%s adapter: requests', (_name, apply) => {
  const t = initTRPC.create();
  const transferred = vi.fn();
  const router = t.router({
    hello: t.procedure.input(z.string().optional()).query(({ input }) => `hello ${input ?? 'world'}`),
    echo: t.procedure.input((input) => input).query(({ input }) => input ?? null),
    add: t.procedure.input(z.object({ a: z.number(), b: z.number() })).mutation(({ input }) => {
      transferred(input);
      return input.a + input.b;
    }),
    nested: { deep: { name: t.procedure.query(() => 'deep') } },
    slow: t.procedure.query(async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      return 'slow';
    }),
    teapot: t.procedure.query(() => {
      throw new TRPCError({ code: 'CONFLICT', message: 'short and stout' });
    }),
    crash: t.procedure.query(() => {
      throw new RangeError('out of range');
    }),
    cyclic: t.procedure.query(() => {
      const value: { self?: unknown } = {};
      value.self = value;
      return value;
    }),
    items: t.procedure.query(async function* () {
      yield 1;
    }),
    pushed: t.procedure.mutation(() => observable<number>(() => {})),
    which: t.procedure.query(({ path, batchIndex }) => ({ path, batchIndex })),
  });

  test('queries and mutations are answered under their id', async () => {
    await using server = await startServer(apply, { router });
    const client = await server.connect();
    client.call(1, 'query', 'hello', 'you');
    client.call('two', 'query', 'hello');
    client.call(3, 'mutation', 'add', { a: 1, b: 2 });
    client.call(4, 'query', 'nested.deep.name');
    expect(await client.frame(1)).toEqual({ id: 1, result: { type: 'data', data: 'hello you' } });
    expect(await client.frame('two')).toEqual({ id: 'two', result: { type: 'data', data: 'hello world' } });
    expect(await client.frame(3)).toEqual({ id: 3, result: { type: 'data', data: 3 } });
    expect(await client.frame(4)).toEqual({ id: 4, result: { type: 'data', data: 'deep' } });
  });

  test('a slow answer does not hold up a quick one', async () => {
    await using server = await startServer(apply, { router });
    const client = await server.connect();
    client.call(1, 'query', 'slow');
    client.call(2, 'query', 'hello');
    await client.frame(1);
    expect(client.frames.map(({ id }) => id)).toEqual([2, 1]);
  });

  test('jsonrpc is echoed where it was sent', async () => {
    await using server = await startServer(apply, { router });
    const client = await server.connect();
    client.send({ id: 1, jsonrpc: '2.0', method: 'query', params: { path: 'hello' } });
    client.send({ id: 2, jsonrpc: '2.0', method: 'query', params: { path: 'nowhere' } });
    client.call(3, 'query', 'hello');
    expect(await client.frame(1)).toEqual({
      id: 1,
      jsonrpc: '2.0',
      result: { type: 'data', data: 'hello world' },
    });
    expect(await client.frame(2)).toMatchObject({ id: 2, jsonrpc: '2.0', error: { code: -32004 } });
    expect(await client.frame(3)).not.toHaveProperty('jsonrpc');
  });

  test('the calls of a batch are answered one by one, each under its index', async () => {
    await using server = await startServer(apply, { router });
    const client = await server.connect();
    client.send(
      [1, 2, 3].map((id) => ({ id, method: 'query', params: { path: id === 2 ? 'nowhere' : 'which' } })),
    );
    expect((await client.frame(1)).result?.data).toEqual({ path: 'which', batchIndex: 0 });
    expect((await client.frame(3)).result?.data).toEqual({ path: 'which', batchIndex: 2 });
    await client.expectStory(2, ['error:NOT_FOUND']);
  });

  test('every call of a batch above maxBatchSize gets the error, and none is run or deserialised', async () => {
    const onError = vi.fn();
    const identity = vi.fn((value: unknown) => value);
    const st = initTRPC.create({ transformer: { serialize: (value) => value, deserialize: identity } });
    const run = vi.fn();
    const guarded = st.router({ run: st.procedure.mutation(() => run()) });
    await using server = await startServer(apply, { router: guarded, maxBatchSize: 2, onError });
    const client = await server.connect();
    client.send([
      { id: 1, method: 'mutation', params: { path: 'run', input: 1 } },
      { id: 'b', jsonrpc: '2.0', method: 'mutation', params: { path: 'run' } },
      { id: 1, method: 'subscription.stop' },
      'not a request',
    ]);
    await client.frame('b');
    expect(client.frames.map(({ id, jsonrpc, error }) => [id, jsonrpc, error !== undefined])).toEqual([
      [1, undefined, true],
      ['b', '2.0', true],
    ]);
    expect(onError).toHaveBeenCalledTimes(1);
    expect(run).not.toHaveBeenCalled();
    expect(identity).not.toHaveBeenCalled();

    client.send(['no', 'ids', 'here']);
    expect(await client.frame(null)).toMatchObject({ error: { message: 'Batch call exceeds maximum size' } });
    client.send([{ id: 5, method: 'mutation', params: { path: 'run' } }]);
    await client.frame(5);
    expect(run).toHaveBeenCalledTimes(1);
  });

  test('errors carry code, path and message, and onError gets each', async () => {
    const onError = vi.fn();
    await using server = await startServer(apply, { router, onError });
    const client = await server.connect();
    client.call(1, 'query', 'nowhere', 'in');
    client.call(2, 'mutation', 'hello');
    client.call(3, 'query', 'hello', 42);
    client.call(4, 'query', 'crash');
    client.call(5, 'query', 'teapot');
    await Promise.all([1, 2, 3, 4, 5].map((id) => client.frame(id)));
    expect(client.of(1)[0]?.error).toMatchObject({
      code: -32004,
      message: 'No "query"-procedure on path "nowhere"',
      data: { code: 'NOT_FOUND', httpStatus: 404, path: 'nowhere' },
    });
    expect(client.story(2)).toEqual(['error:NOT_FOUND']);
    expect(client.story(3)).toEqual(['error:BAD_REQUEST']);
    expect(client.of(4)[0]?.error).toMatchObject({ message: 'out of range', data: { path: 'crash' } });
    expect(client.of(5)[0]?.error?.message).toBe('short and stout');
    expect(onError.mock.calls.map(([{ path, type, input, req }]) => [path, type, input, !!req])).toEqual(
      expect.arrayContaining([
        ['nowhere', 'query', 'in', true],
        ['hello', 'mutation', undefined, true],
        ['hello', 'query', 42, true],
        ['crash', 'query', undefined, true],
      ]),
    );
    expect(onError).toHaveBeenCalledTimes(5);
  });

  test('a query cannot answer with a stream', async () => {
    await using server = await startServer(apply, { router });
    const client = await server.connect();
    client.call(1, 'query', 'items');
    client.call(2, 'mutation', 'pushed');
    await client.expectStory(1, ['error:UNSUPPORTED_MEDIA_TYPE']);
    await client.expectStory(2, ['error:UNSUPPORTED_MEDIA_TYPE']);
  });

  test('a result that cannot be encoded becomes an error of its call', async () => {
    await using server = await startServer(apply, { router });
    const client = await server.connect();
    client.call(1, 'query', 'cyclic');
    await client.expectStory(1, ['error:INTERNAL_SERVER_ERROR']);
    expect(client.of(1)[0]?.error?.message).toMatch(/circular/i);
  });

  test('an invalid request is answered with PARSE_ERROR under id null', async () => {
    await using server = await startServer(apply, { router });
    const client = await server.connect();
    const malformed = [
      'no JSON',
      '"a string"',
      '7',
      'null',
      '{}',
      '{"id":1}',
      '{"id":1,"method":"query"}',
      '{"id":1,"method":"query","params":{}}',
      '{"id":1,"method":"query","params":{"path":7}}',
      '{"id":1,"method":"query","params":{"path":"hello","lastEventId":7}}',
      '{"id":{},"method":"query","params":{"path":"hello"}}',
      '{"id":1,"method":"delete","params":{"path":"hello"}}',
      '{"id":1,"jsonrpc":"1.0","method":"query","params":{"path":"hello"}}',
      '[{"id":1,"method":"query","params":{"path":"hello"}},{"id":2}]',
    ];
    for (const message of malformed) client.send(message);
    await client.flushed();
    expect(client.story(null)).toEqual(malformed.map(() => 'error:PARSE_ERROR'));
    expect(client.of(1)).toEqual([]);
  });

  test('a request without an id is refused and reported', async () => {
    const onError = vi.fn();
    await using server = await startServer(apply, { router, onError });
    const client = await server.connect();
    client.call(null, 'query', 'hello');
    expect(await client.frame(null)).toMatchObject({
      error: { code: -32700, message: '`id` is required', data: { code: 'PARSE_ERROR', httpStatus: 400 } },
    });
    expect(onError).toHaveBeenCalledTimes(1);
    expect(onError.mock.calls[0]?.[0]).toMatchObject({ type: 'unknown', input: undefined, path: undefined });
  });

  test('an empty batch and a stop of an unknown id get no answer', async () => {
    await using server = await startServer(apply, { router });
    const client = await server.connect();
    client.send([]);
    client.stop(7);
    await client.flushed();
    expect(client.frames).toEqual([]);
  });

  test('a binary message is refused as invalid JSON', async () => {
    await using server = await startServer(apply, { router });
    const client = await server.connect();
    client.send(Buffer.from('{"id":1,"method":"query","params":{"path":"hello"}}'));
    client.send(Buffer.from('PING'));
    await client.expectStory(null, ['error:PARSE_ERROR', 'error:PARSE_ERROR']);
    expect(client.others).toEqual([]);
  });

  test('a socket that hands out fragments causes a reported error, not a crash', async () => {
    await using server = await startServer(apply, { router });
    server.wss.on('connection', (ws) => {
      ws.binaryType = 'fragments';
    });
    const client = await server.connect();
    client.send(Buffer.from('anything'));
    expect(await client.frame(null)).toMatchObject({ error: { data: { code: 'UNPROCESSABLE_CONTENT' } } });
  });

  test('__proto__ in a payload stays data', async () => {
    await using server = await startServer(apply, { router });
    const client = await server.connect();
    const input = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}';
    client.send(`{"id":1,"method":"query","params":{"path":"echo","input":${input}}}`);
    client.send('{"id":2,"__proto__":{"polluted":1},"method":"query","params":{"path":"hello"}}');
    for (const [id, path] of ['__proto__', 'constructor', 'hasOwnProperty', ''].entries()) {
      client.call(id + 10, 'query', path);
      await client.expectStory(id + 10, ['error:NOT_FOUND']);
    }
    expect(JSON.stringify((await client.frame(1)).result?.data)).toBe(input);
    await client.frame(2);
    expect({}).not.toHaveProperty('polluted');
  });

  test('the router’s transformer is used in both directions', async () => {
    const st = initTRPC.create({ transformer: superjson });
    const dated = st.router({
      next: st.procedure.input(z.date()).query(({ input }) => new Date(input.getTime() + 1)),
    });
    await using server = await startServer(apply, { router: dated });
    const client = await server.connect();
    client.call(1, 'query', 'next', superjson.serialize(new Date(5)));
    expect((await client.frame(1)).result?.data).toEqual(superjson.serialize(new Date(6)));
  });
});
