import { initTRPC, TRPCError } from '@trpc/server';
import type { CreateWSSContextFnOptions } from '@trpc/server/adapters/ws';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { applyBroadcastWSSHandler } from '../../server/broadcaster/apply-handler.ts';
import { CloseCode } from '../../shared/protocol.ts';
import { deferred } from '../support/deferred.ts';
import { ADAPTERS, startServer, until } from './harness.ts';

type Context = { user: string };
const t = initTRPC.context<Context>().create();
const router = t.router({ whoami: t.procedure.query(({ ctx }) => ctx.user) });

afterEach(() => {
  vi.useRealTimers();
});

describe.each(ADAPTERS)('%s adapter: context', (name, apply) => {
  test('the context is created once per connection, with the socket and the upgrade request', async () => {
    const createContext = vi.fn((_options: CreateWSSContextFnOptions) => ({ user: 'ann' }));
    await using server = await startServer(apply, { router, createContext });
    const client = await server.connect('/path?x=1');
    client.call(1, 'query', 'whoami');
    client.call(2, 'query', 'whoami');
    await client.expectStory(1, ['data:"ann"']);
    await client.expectStory(2, ['data:"ann"']);
    expect(createContext).toHaveBeenCalledTimes(1);
    const options = createContext.mock.calls[0]?.[0];
    expect(options?.req.url).toBe('/path?x=1');
    expect(server.wss.clients.has(options?.res as never)).toBe(true);
    expect(options?.info).toMatchObject({
      connectionParams: null,
      calls: [],
      isBatchCall: false,
      accept: null,
      type: 'unknown',
      url: null,
    });
    expect(options?.info.signal.aborted).toBe(false);
    client.ws.close();
    await until(() => expect(options?.info.signal.aborted).toBe(true));
  });

  test('requests wait for the context', async () => {
    const gate = deferred<Context>();
    await using server = await startServer(apply, { router, createContext: () => gate.promise });
    const client = await server.connect();
    client.call(1, 'query', 'whoami');
    await client.flushed();
    expect(client.frames).toEqual([]);
    gate.resolve({ user: 'bob' });
    await client.expectStory(1, ['data:"bob"']);
  });

  test.each([
    ['rejects', async () => Promise.reject(new TRPCError({ code: 'UNAUTHORIZED', message: 'no' }))],
    [
      'throws',
      () => {
        throw new TRPCError({ code: 'UNAUTHORIZED', message: 'no' });
      },
    ],
  ])('a context that %s fails each request, and closes the connection', async (_kind, createContext) => {
    const onError = vi.fn();
    const gate = deferred();
    await using server = await startServer(apply, {
      router,
      onError,
      createContext: async () => {
        await gate.promise;
        return createContext();
      },
    });
    const client = await server.connect();
    client.call(1, 'query', 'whoami');
    await client.flushed();
    gate.resolve();
    expect(await client.closed).toBe(1005);
    expect(client.frames.map(({ id, error }) => [id, error?.data['code']])).toEqual([
      [null, 'UNAUTHORIZED'],
      [1, 'UNAUTHORIZED'],
    ]);
    expect(onError.mock.calls.map(([{ path, type }]) => [path, type])).toEqual([
      [undefined, 'unknown'],
      ['whoami', 'query'],
    ]);
  });

  describe('connectionParams', () => {
    const createContext = ({ info }: CreateWSSContextFnOptions) => ({
      user: info.connectionParams?.['token'] ?? 'nobody',
    });
    const params = (data: unknown) => ({ method: 'connectionParams', data });

    test('arrive in the first message', async () => {
      await using server = await startServer(apply, { router, createContext });
      const client = await server.connect('/?connectionParams=1');
      client.send(params({ token: 'secret' }));
      client.call(1, 'query', 'whoami');
      await client.expectStory(1, ['data:"secret"']);
    });

    test('are not expected without the announcement: the first message is a request', async () => {
      await using server = await startServer(apply, { router, createContext });
      const client = await server.connect('/?connectionParams=0');
      client.call(1, 'query', 'whoami');
      await client.expectStory(1, ['data:"nobody"']);
    });

    test('are none when they are null', async () => {
      await using server = await startServer(apply, { router, createContext });
      const client = await server.connect('/?connectionParams=1');
      client.send(params(null));
      client.call(1, 'query', 'whoami');
      await client.expectStory(1, ['data:"nobody"']);
    });

    test('are not confused with a PING, which is answered before they arrive', async () => {
      await using server = await startServer(apply, { router, createContext });
      const client = await server.connect('/?connectionParams=1');
      await client.flushed();
      client.send('PONG');
      client.send(params({ token: 't' }));
      client.call(1, 'query', 'whoami');
      await client.expectStory(1, ['data:"t"']);
    });

    test.each([
      ['not JSON', 'nonsense', 'Malformed TRPCConnectionParamsMessage'],
      ['a list', '[]', 'Malformed TRPCConnectionParamsMessage'],
      ['null', 'null', 'Malformed TRPCConnectionParamsMessage'],
      ['a text', params('x'), 'Invalid connection params shape'],
      ['missing', {}, 'Invalid connection params shape'],
      ['an object with a value that is no text', params({ token: 7 }), 'Invalid connection params shape'],
    ])('that are %s are reported, and close the connection', async (_kind, message, expected) => {
      const onError = vi.fn();
      await using server = await startServer(apply, { router, createContext, onError });
      const client = await server.connect('/?connectionParams=1');
      client.send(message);
      // Ours says that they will not be better the next time; a close without a code is one to come back after.
      expect(await client.closed).toBe(name === 'broadcast' ? CloseCode.INVALID_PARAMS : 1005);
      expect(client.frames).toHaveLength(1);
      expect(client.frames[0]).toMatchObject({ id: null, error: { message: expected } });
      expect(client.story(null)).toEqual(['error:PARSE_ERROR']);
      expect(onError).toHaveBeenCalledTimes(1);
    });
  });
});

test('a client that was not let in is hung up on if it does not answer the close', async () => {
  const gate = deferred<Context>();
  await using server = await startServer(applyBroadcastWSSHandler, {
    router,
    createContext: () => gate.promise,
  });
  const client = await server.connect();
  client.ws.pause();
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  gate.reject(new TRPCError({ code: 'UNAUTHORIZED' }));
  const [ws] = server.wss.clients;
  await until(() => expect(ws?.readyState).toBe(ws?.CLOSING));
  vi.advanceTimersByTime(1_000); // `ws` alone waits for 30 s
  await until(() => expect(server.wss.clients.size).toBe(0));
});
