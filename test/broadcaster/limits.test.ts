import { initTRPC } from '@trpc/server';
import { applyWSSHandler } from '@trpc/server/adapters/ws';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { applyBroadcastWSSHandler } from '../../server/broadcaster/apply-handler.ts';
import { CloseCode, mayReconnect } from '../../shared/protocol.ts';
import { expectGone } from '../support/garbage.ts';
import { startServer, until, withLimits } from './harness.ts';

const t = initTRPC.create();
const router = t.router({
  hello: t.procedure.query(() => 'hello'),
  forever: t.procedure.subscription(async function* ({ signal }) {
    yield 'first';
    await new Promise((resolve) => signal?.addEventListener('abort', resolve));
  }),
});
const serve = applyBroadcastWSSHandler;

afterEach(() => {
  vi.useRealTimers();
});

describe('the first message', () => {
  test('[D13] is awaited for a limited time: a client that announces params and stays silent is closed with 4000, and may reconnect', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    await using server = await startServer(serve, { router });
    const silent = await server.connect('/?connectionParams=1');
    const plain = await server.connect('/');
    const prompt = await server.connect('/?connectionParams=1');
    prompt.send({ method: 'connectionParams', data: {} });
    await prompt.flushed();
    vi.advanceTimersByTime(4_999);
    await silent.flushed(); // heartbeats are no first message
    vi.advanceTimersByTime(1);
    expect(await silent.closed).toBe(CloseCode.HANDSHAKE_TIMEOUT);
    expect(mayReconnect(CloseCode.HANDSHAKE_TIMEOUT)).toBe(true);
    for (const client of [plain, prompt]) {
      client.call(1, 'query', 'hello');
      await client.expectStory(1, ['data:"hello"']);
    }
  });

  test('control: waits for ever with tRPC’s own adapter', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    await using server = await startServer(applyWSSHandler, { router });
    const silent = await server.connect('/?connectionParams=1');
    vi.advanceTimersByTime(600_000);
    await silent.flushed();
    expect(silent.ws.readyState).toBe(silent.ws.OPEN);
  });

  test('is awaited no longer than half a second after the close frame, when the connection is terminated', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    await using server = await startServer(withLimits({ firstMessageTimeoutMs: 10 }), { router });
    const silent = await server.connect('/?connectionParams=1');
    silent.ws.pause();
    vi.advanceTimersByTime(10);
    expect(server.wss.clients.size).toBe(1);
    vi.advanceTimersByTime(500);
    await until(() => expect(server.wss.clients.size).toBe(0));
  });

  test('that arrives after the close is not run', async () => {
    const createContext = vi.fn(() => ({}));
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    await using server = await startServer(serve, { router, createContext });
    const late = await server.connect('/?connectionParams=1');
    late.ws.pause(); // it has not seen the close yet
    vi.advanceTimersByTime(5_000);
    late.send({ method: 'connectionParams', data: {} });
    late.call(1, 'query', 'hello');
    late.ws.resume();
    expect(await late.closed).toBe(CloseCode.HANDSHAKE_TIMEOUT);
    expect(createContext).not.toHaveBeenCalled();
    expect(late.frames).toEqual([]);
  });

  test('leaves no timer after its socket has closed', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const before = vi.getTimerCount();
    await using server = await startServer(serve, { router, keepAlive: { enabled: true } });
    const client = await server.connect('/?connectionParams=1');
    expect(vi.getTimerCount()).toBeGreaterThan(before);
    client.ws.terminate();
    await until(() => {
      // Somebody may have come who takes the port for that of another server.
      for (const socket of server.wss.clients) socket.terminate();
      expect(vi.getTimerCount()).toBe(before);
    });
  });
});

describe('maxSubscriptions', () => {
  test('refuses one subscription more until another one ends, and does not count queries', async () => {
    const onError = vi.fn();
    await using server = await startServer(withLimits({ maxSubscriptions: 2 }), { router, onError });
    const client = await server.connect();
    client.call(1, 'subscription', 'forever');
    client.call(2, 'subscription', 'forever');
    client.call(3, 'subscription', 'forever');
    client.call(4, 'query', 'hello');
    await client.expectStory(4, ['data:"hello"']);
    await client.expectStory(3, ['error:TOO_MANY_REQUESTS']);
    expect(client.of(3)[0]?.error?.message).toMatch(/2 subscriptions/);
    expect(onError).toHaveBeenCalledTimes(1);
    const other = await server.connect();
    other.call(1, 'subscription', 'forever');
    await other.expectStory(1, ['started', 'data:"first"']);
    client.stop(1);
    await client.expectStory(1, ['started', 'data:"first"', 'stopped']);
    client.call(3, 'subscription', 'forever');
    await client.expectStory(3, ['error:TOO_MANY_REQUESTS', 'started', 'data:"first"']);
    expect(client.story(2)).toEqual(['started', 'data:"first"']);
  });

  test('is 100 by default', async () => {
    await using server = await startServer(serve, { router });
    const client = await server.connect();
    for (let id = 1; id <= 101; id++) client.call(id, 'subscription', 'forever');
    await client.expectStory(101, ['error:TOO_MANY_REQUESTS']);
    await client.expectStory(100, ['started', 'data:"first"']);
  });
});

describe('maxSubscriptionChars', () => {
  const refs: WeakRef<object>[] = [];
  async function* untilAborted(signal: AbortSignal | undefined) {
    yield 'first';
    await new Promise((resolve) => signal?.addEventListener('abort', resolve));
    throw new Error('over');
  }
  const kept = t.router({
    ...router._def.procedures,
    keep: t.procedure
      .input((input) => input)
      .subscription(({ input, signal }) => {
        if (typeof input === 'object' && input !== null) refs.push(new WeakRef(input));
        return untilAborted(signal);
      }),
  });

  test('bounds the inputs of open subscriptions together: one too many is refused until another one ends', async () => {
    const onError = vi.fn();
    const limits = { maxSubscriptionChars: 10_000 };
    await using server = await startServer(withLimits(limits), { router: kept, onError });
    const client = await server.connect();
    client.call(1, 'subscription', 'keep', { large: 'x'.repeat(6_000) });
    client.call(2, 'subscription', 'keep', { large: 'x'.repeat(6_000) });
    client.call(3, 'subscription', 'keep', { large: 'x'.repeat(3_000) });
    await client.expectStory(2, ['error:PAYLOAD_TOO_LARGE']);
    expect(client.of(2)[0]?.error?.message).toMatch(/10000 characters together: .*stop a subscription/);
    expect(onError.mock.calls[0]?.[0].error.cause).toMatchObject({ code: 'TOO_LARGE' });
    await client.expectStory(3, ['started', 'data:"first"']);
    client.stop(1);
    await until(() => expect(client.story(1)).toContain('stopped'));
    client.call(2, 'subscription', 'keep', { large: 'x'.repeat(6_000) });
    await client.expectStory(2, ['error:PAYLOAD_TOO_LARGE', 'started', 'data:"first"']);
  });

  test('counts the large input of a message, not the small ones beside it', async () => {
    await using server = await startServer(withLimits({ maxSubscriptionChars: 10_000 }), { router: kept });
    const client = await server.connect();
    const call = (id: number, input: unknown) => ({
      id,
      method: 'subscription',
      params: { path: 'keep', input },
    });
    for (let round = 0; round < 3; round++) {
      const small = Array.from({ length: 9 }, (_, n) => call(100 + n, 1));
      client.send([call(round, { large: 'x'.repeat(4_000) }), ...small]);
      for (let n = 0; n < 9; n++) client.stop(100 + n);
      await until(() =>
        expect(client.story(108).filter((item) => item === 'stopped')).toHaveLength(round + 1),
      );
    }
    await client.expectStory(1, ['started', 'data:"first"']);
    await client.expectStory(2, ['error:PAYLOAD_TOO_LARGE']);
  });

  test('keeps the text of an input and not its decoded value, and an error is reported with the input all the same', async () => {
    const onError = vi.fn();
    await using server = await startServer(serve, { router: kept, onError });
    const client = await server.connect();
    refs.length = 0;
    const input = { lists: Array.from({ length: 1_000 }, () => []) };
    client.call(1, 'subscription', 'keep', input);
    await client.expectStory(1, ['started', 'data:"first"']);
    expect(refs).toHaveLength(1);
    await expectGone(refs);
    client.stop(1);
    await until(() => expect(onError).toHaveBeenCalled());
    expect(onError.mock.calls[0]?.[0].input).toEqual(input);
  });
});

describe('request ids', () => {
  test('longer than 256 characters are refused, since they would come back with every item', async () => {
    await using server = await startServer(serve, { router });
    const client = await server.connect();
    client.call('x'.repeat(256), 'query', 'hello');
    client.call('x'.repeat(257), 'query', 'hello');
    await client.expectStory('x'.repeat(256), ['data:"hello"']);
    await client.expectStory(null, ['error:PARSE_ERROR']);
  });

  test('beyond every number are refused by name, since their calls would be answered under null', async () => {
    await using server = await startServer(serve, { router });
    const client = await server.connect();
    client.send('{"id":1e400,"method":"query","params":{"path":"hello"}}');
    await until(() => expect(client.frames).toHaveLength(1));
    expect(client.frames[0]?.error?.message).toContain('Invalid request id');
    // The control: a number that there is.
    client.send('{"id":1e300,"method":"query","params":{"path":"hello"}}');
    await client.expectStory(1e300, ['data:"hello"']);
  });
});

describe('invalid limits', () => {
  test.each([
    ['firstMessageTimeoutMs', 0],
    ['maxSubscriptions', -1],
    ['maxConcurrentCalls', 0],
    ['maxBufferedBytes', Number.NaN],
    ['drainTimeoutMs', 0],
  ])('throw a TypeError that names the option: %s: %s', async (name, value) => {
    await expect(startServer(withLimits({ [name]: value }), { router })).rejects.toThrow(
      new TypeError(`${name} must be a number above zero, not ${value}`),
    );
  });

  test('throw a TypeError for a time beyond the longest timer', async () => {
    await expect(
      startServer(withLimits({ drainTimeoutMs: Number.POSITIVE_INFINITY }), { router }),
    ).rejects.toThrow(new TypeError('drainTimeoutMs must be at most 2147483647, not Infinity'));
  });
});
