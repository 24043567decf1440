import { initTRPC, TRPCError } from '@trpc/server';
import type { Encoder } from '@trpc/server/adapters/ws';
import { afterEach, beforeEach, describe, expect, type MockInstance, test, vi } from 'vitest';
import { deferred } from '../support/deferred.ts';
import { ADAPTERS, startServer, until } from './harness.ts';

const t = initTRPC.create();
const router = t.router({
  hello: t.procedure.query(() => 'hello'),
  fails: t.procedure.query(() => {
    throw new TRPCError({ code: 'CONFLICT', message: 'secret detail' });
  }),
  streamFails: t.procedure.subscription(async function* () {
    yield 1;
    throw new TRPCError({ code: 'CONFLICT' });
  }),
});

describe.each(ADAPTERS)('%s adapter: error handling that fails itself', (_name, apply) => {
  let logged: MockInstance;
  beforeEach(() => {
    logged = vi.spyOn(console, 'error').mockImplementation(() => {});
  });
  afterEach(() => logged.mockRestore());

  test.each([
    [
      'throws',
      () => {
        throw new Error('onError is broken');
      },
    ],
    ['rejects', async () => Promise.reject(new Error('onError is broken'))],
  ])('an onError that %s changes nothing for the client', async (_kind, onError) => {
    await using server = await startServer(apply, { router, onError });
    const client = await server.connect();
    client.call(1, 'query', 'fails');
    await client.expectStory(1, ['error:CONFLICT']);
    client.call(2, 'subscription', 'streamFails');
    await client.expectStory(2, ['started', 'data:1', 'error:CONFLICT', 'stopped']);
    client.call(null, 'query', 'hello');
    await client.expectStory(null, ['error:PARSE_ERROR']);
    client.call(3, 'query', 'hello');
    await client.expectStory(3, ['data:"hello"']);
    expect(logged).not.toHaveBeenCalled();
  });

  function withBrokenFormatter() {
    const broken = initTRPC.create({
      errorFormatter() {
        throw new Error('formatter is broken');
      },
    });
    return broken.router({
      fails: broken.procedure.query(() => {
        throw new TRPCError({ code: 'CONFLICT', message: 'secret detail' });
      }),
    });
  }

  test('an errorFormatter that throws leaves a bare error to the client, and onError gets both errors', async () => {
    const onError = vi.fn();
    await using server = await startServer(apply, { router: withBrokenFormatter(), onError });
    const client = await server.connect();
    client.call(1, 'query', 'fails');
    expect(await client.frame(1)).toEqual({
      id: 1,
      error: {
        code: -32603,
        message: 'Internal server error',
        data: { code: 'INTERNAL_SERVER_ERROR', httpStatus: 500 },
      },
    });
    expect(onError.mock.calls.map(([{ error, path }]) => [path, error.message])).toEqual([
      ['fails', 'secret detail'],
      ['fails', 'formatter is broken'],
    ]);
    client.send('no JSON');
    await client.expectStory(null, ['error:INTERNAL_SERVER_ERROR']);
    expect(logged).not.toHaveBeenCalled();
  });

  test('an error is logged where no onError works', async () => {
    await using server = await startServer(apply, { router: withBrokenFormatter() });
    const client = await server.connect();
    client.call(1, 'query', 'fails');
    await client.frame(1);
    expect(logged).toHaveBeenCalledTimes(1);
    expect(logged.mock.calls[0]?.[1]).toMatchObject({ message: 'formatter is broken' });

    await using second = await startServer(apply, {
      router: withBrokenFormatter(),
      onError() {
        throw new Error('onError is broken');
      },
    });
    const other = await second.connect();
    other.call(1, 'query', 'fails');
    await other.frame(1);
    expect(logged).toHaveBeenCalledTimes(2);
  });

  test('an error that cannot be encoded is replaced by a bare one', async () => {
    const unencodable = initTRPC.create({
      errorFormatter: ({ shape }) => ({ ...shape, data: { ...shape.data, big: 1n } }),
    });
    const onError = vi.fn();
    await using server = await startServer(apply, {
      onError,
      router: unencodable.router({
        fails: unencodable.procedure.query(() => {
          throw new TRPCError({ code: 'CONFLICT' });
        }),
        streamFails: unencodable.procedure.subscription(async function* () {
          yield 1;
          throw new TRPCError({ code: 'CONFLICT' });
        }),
      }),
    });
    const client = await server.connect();
    client.send({ id: 1, jsonrpc: '2.0', method: 'query', params: { path: 'fails' } });
    expect(await client.frame(1)).toMatchObject({
      id: 1,
      jsonrpc: '2.0',
      error: { message: 'Internal server error' },
    });
    expect(onError.mock.calls.map(([{ error }]) => error.code)).toEqual([
      'CONFLICT',
      'INTERNAL_SERVER_ERROR',
    ]);
    client.call(2, 'subscription', 'streamFails');
    await client.expectStory(2, ['started', 'data:1', 'error:INTERNAL_SERVER_ERROR']);
    client.send('no JSON');
    await client.expectStory(null, ['error:INTERNAL_SERVER_ERROR']);
    client.call(null, 'query', 'fails');
    await client.flushed();
    client.call(3, 'query', 'fails');
    await client.expectStory(3, ['error:INTERNAL_SERVER_ERROR']);
  });

  test('an encoder that can send nothing at all is reported, and the server survives it', async () => {
    const onError = vi.fn();
    const experimental_encoder: Encoder = {
      encode() {
        throw new Error('encoder is broken');
      },
      decode: (data) => JSON.parse(String(data)),
    };
    await using server = await startServer(apply, { router, onError, experimental_encoder });
    const client = await server.connect();
    client.call(1, 'query', 'hello');
    client.call(2, 'subscription', 'streamFails');
    client.call(null, 'query', 'hello');
    client.send('no JSON');
    await client.flushed();
    await until(() => expect(onError.mock.calls.length).toBeGreaterThan(3));
    expect(client.frames).toEqual([]);
    expect(client.ws.readyState).toBe(client.ws.OPEN);
  });

  test('an error of the socket itself goes to onError and closes the socket', async () => {
    const onError = vi.fn();
    await using server = await startServer(apply, { router, onError });
    const client = await server.connect();
    (client.ws as unknown as { _socket: import('node:net').Socket })._socket.write(
      Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
    );
    expect(await client.closed).toBe(1002);
    expect(onError).toHaveBeenCalledTimes(1);
    expect(onError.mock.calls[0]?.[0].error.cause).toBeInstanceOf(RangeError);
  });
});

describe.each(ADAPTERS)('%s adapter: experimental_encoder', (_name, apply) => {
  /** JSON upside down, in binary frames. */
  const encoder: Encoder = {
    encode: (message) => new TextEncoder().encode([...JSON.stringify(message)].reverse().join('')),
    decode: (data) => {
      const text = typeof data === 'string' ? data : new TextDecoder().decode(data);
      return JSON.parse([...text].reverse().join(''));
    },
  };

  test('a reply that comes after closing has begun is dropped, not encoded', async () => {
    const gate = deferred();
    const encode = vi.fn(encoder.encode);
    const answered = vi.fn();
    const slow = t.router({
      slow: t.procedure.query(async () => {
        await gate.promise;
        setImmediate(answered);
      }),
    });
    await using server = await startServer(apply, {
      router: slow,
      experimental_encoder: { ...encoder, encode },
    });
    const client = await server.connect();
    client.send(Buffer.from(encoder.encode({ id: 1, method: 'query', params: { path: 'slow' } })));
    await client.flushed();
    client.ws.pause(); // it does not answer the close, so the socket stays half open
    for (const ws of server.wss.clients) ws.close();
    gate.resolve();
    await until(() => expect(answered).toHaveBeenCalled());
    expect(encode).not.toHaveBeenCalled();
  });

  test('the encoder handles messages in both directions, but not PING and PONG', async () => {
    await using server = await startServer(apply, { router, experimental_encoder: encoder });
    const client = await server.connect();
    const received: unknown[] = [];
    client.ws.on('message', (raw, isBinary) => {
      if (isBinary) received.push(encoder.decode(raw as Buffer));
    });
    client.send(Buffer.from(encoder.encode({ id: 1, method: 'query', params: { path: 'hello' } })));
    await until(() => expect(received).toHaveLength(1));
    expect(received[0]).toEqual({ id: 1, result: { type: 'data', data: 'hello' } });
    await client.flushed();
    expect(client.others).toContain('PONG');
    server.handler.broadcastReconnectNotification();
    await until(() => expect(received[1]).toEqual({ id: null, method: 'reconnect' }));
    client.send(Buffer.from('PING')); // binary: it is the encoder's
    await until(() => expect(received[2]).toMatchObject({ id: null, error: {} }));
  });
});
