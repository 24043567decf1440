import { initTRPC } from '@trpc/server';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { applyBroadcastWSSHandler } from '../../server/broadcaster/apply-handler.ts';
import { WEBSOCKET_LIMITS } from '../../server/broadcaster/core/limits.ts';
import { CloseCode } from '../../shared/protocol.ts';
import { startServer, until, withLimits } from './harness.ts';
import { sources } from './slow-client.ts';

const t = initTRPC.create();
const router = t.router({ hello: t.procedure.query(() => 'hello') });
const serve = applyBroadcastWSSHandler;

afterEach(() => {
  vi.useRealTimers();
});

describe('maxMessageValues', () => {
  const call = (id: number, input: unknown) => ({ id, method: 'query', params: { path: 'hello', input } });

  test('closes with 1009 for a message with more values, and accepts as many characters with fewer values', async () => {
    await using server = await startServer(withLimits({ maxMessageValues: 100 }), { router });
    const client = await server.connect();
    client.send(call(1, Array(200).fill({})));
    expect(await client.closed).toBe(CloseCode.MESSAGE_TOO_BIG);
    const other = await server.connect();
    other.send(call(1, 'x,'.repeat(300)));
    await other.expectStory(1, ['data:"hello"']);
  });

  test('control: without the limit it lets such a message be answered', async () => {
    await using server = await startServer(serve, { router });
    const client = await server.connect();
    client.send(call(1, Array(200).fill({})));
    await client.expectStory(1, ['data:"hello"']);
  });
});

describe('maxCallBytes', () => {
  const call = (id: number, bytes: number) => ({
    id,
    method: 'query',
    params: { path: 'hello', input: 'x'.repeat(bytes) },
  });

  test('closes with 1009 for a larger call, and accepts as many bytes of smaller calls in one message', async () => {
    await using server = await startServer(withLimits({ maxCallBytes: 1000 }), { router });
    const many = await server.connect();
    many.send([call(1, 800), call(2, 800), call(3, 800)]);
    for (const id of [1, 2, 3]) await many.expectStory(id, ['data:"hello"']);
    for (const message of [call(1, 1000), [call(1, 10), call(2, 1000)], 'x'.repeat(1001)]) {
      const client = await server.connect();
      client.send(message);
      expect(await client.closed).toBe(CloseCode.MESSAGE_TOO_BIG);
      expect(client.frames).toEqual([]);
    }
  });

  test('holds for a call about which mayBeLarge throws: onError is told, and the other clients are served on', async () => {
    const onError = vi.fn();
    const mayBeLarge = (): never => {
      throw new Error('cannot tell');
    };
    const apply: typeof serve = (options) => serve({ ...options, maxCallBytes: 1000, mayBeLarge });
    await using server = await startServer(apply, { router, onError });
    const [client, other] = [await server.connect(), await server.connect()];
    client.send(call(1, 1000));
    expect(await client.closed).toBe(CloseCode.MESSAGE_TOO_BIG);
    expect(onError.mock.calls.map(([{ error }]) => error.message)).toEqual(['cannot tell']);
    other.send(call(1, 10));
    await other.expectStory(1, ['data:"hello"']);
  });

  test('ends the subscriptions of a client with a larger call at once, and hangs up on one that does not answer', async () => {
    const { router, seen } = sources();
    await using server = await startServer(withLimits({ maxCallBytes: 1000 }), { router });
    const client = await server.connect();
    client.call(1, 'subscription', 'pushed');
    await client.expectStory(1, ['started']);
    client.ws.pause();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    client.send(call(2, 1000));
    await until(() => expect(seen.finished).toHaveBeenCalledTimes(1));
    vi.advanceTimersByTime(5_000); // `ws` alone waits for 30 s
    await until(() => expect(server.wss.clients.size).toBe(0));
  });
});

describe('WEBSOCKET_LIMITS', () => {
  test('close with 1009 for a message that is too large, and with 1008 for one in too many parts', async () => {
    await using server = await startServer(serve, { router }, WEBSOCKET_LIMITS);
    const big = await server.connect();
    big.send('x'.repeat(WEBSOCKET_LIMITS.maxPayload + 1));
    expect(await big.closed).toBe(CloseCode.MESSAGE_TOO_BIG);
    const torn = await server.connect();
    for (let part = 0; part < WEBSOCKET_LIMITS.maxFragments; part++) torn.ws.send('x', { fin: false });
    torn.ws.send('x', { fin: true });
    expect(await torn.closed).toBe(1008);
    const client = await server.connect();
    client.call(1, 'query', 'hello');
    await client.expectStory(1, ['data:"hello"']);
    expect(client.ws.extensions).toBe('');
  });

  test('end the subscriptions of such a client at once, and it is hung up on if it does not answer', async () => {
    const { router, seen } = sources();
    await using server = await startServer(serve, { router }, WEBSOCKET_LIMITS);
    const client = await server.connect();
    client.call(1, 'subscription', 'pushed');
    await client.expectStory(1, ['started']);
    client.ws.pause();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    client.send('x'.repeat(WEBSOCKET_LIMITS.maxPayload + 1));
    await until(() => expect(seen.finished).toHaveBeenCalledTimes(1));
    vi.advanceTimersByTime(5_000); // `ws` alone waits for 30 s
    await until(() => expect(server.wss.clients.size).toBe(0));
  });
});
