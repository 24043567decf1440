import { createTRPCClient, httpSubscriptionLink } from '@trpc/client';
import { EventSource } from 'eventsource';
import superjson from 'superjson';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type AppRouter, createAppRouter, EventManager, MemoryBroker, Sessions } from '../../server/index.ts';
import { CloseCode } from '../../shared/index.ts';
import { startTestServer } from '../app/harness.ts';
import { connect } from '../client/connect.ts';
import { eventually } from '../client/eventually.ts';
import { agentMessage } from '../support/events.ts';
import { ALL, RawSocket, takesTokens, token } from './harness.ts';

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** A whole second, as tokens have it, at least so many ms from now. */
function soon(ms: number): number {
  return Math.ceil((Date.now() + ms) / 1000) * 1000;
}

/** Publishes every 10 ms until it is disposed of; what was sent is in `sent`. */
function publishing(manager: EventManager) {
  const sent: string[] = [];
  let failure: unknown;
  const timer = setInterval(() => {
    sent.push(`${sent.length}`);
    manager.publish('agent_message', agentMessage(sent.length - 1)).catch((error: unknown) => {
      failure = error;
    });
  }, 10);
  return {
    sent,
    [Symbol.dispose]() {
      clearInterval(timer);
      expect(failure).toBeUndefined();
    },
  };
}

const startServer = (authenticate = takesTokens) => startTestServer({}, { authenticate });

test('a WebSocket is closed in mid-stream within a second after its token expires, and others stay open', async () => {
  await using server = await startServer();
  const expiresAt = soon(2000);
  await using socket = new RawSocket(server.url, { token: await token({ expiresAt }) });
  await using control = new RawSocket(server.url, { token: await token({ sub: 'bob' }) });
  socket.subscribe(1, {});
  control.subscribe(1, {});
  await expect.poll(() => socket.synced && control.synced).toBe(true);
  using _ = publishing(server.manager);
  expect(await socket.closed).toBe(CloseCode.TOKEN_EXPIRED);
  // An event each 10 ms: more of them came after the expiry than a second has.
  await expect.poll(() => control.publishedAfter(expiresAt)).toBeGreaterThan(100);
  expect(socket.events.length).toBeGreaterThan(0);
  expect(socket.publishedAfter(expiresAt)).toBeLessThanOrEqual(100);
  expect(control.events.length).toBeGreaterThan(socket.events.length);
  expect(server.sessions.size).toBe(1);
});

test('server-sent events end with UNAUTHORIZED when the token expires', async () => {
  await using server = await startServer();
  const follow = async (expiresAt: number) => {
    const authorization = `Bearer ${await token({ expiresAt })}`;
    const eventSourceOptions = () => ({
      fetch: (url: string | URL, init: object & { headers: object }) =>
        fetch(url, { ...init, headers: { ...init.headers, authorization } }),
    });
    const link = httpSubscriptionLink({
      url: `${server.url}/trpc`,
      transformer: superjson,
      EventSource,
      eventSourceOptions,
    });
    const seen: string[] = [];
    const failure = await new Promise<unknown>((resolve) => {
      const onData = (item: { data: { event_type: string } }) => void seen.push(item.data.event_type);
      createTRPCClient<AppRouter>({ links: [link] }).on.any.subscribe(undefined, {
        onData,
        onError: resolve,
      });
    });
    return { seen, failure };
  };
  using _ = publishing(server.manager);
  let lifeMs = 500;
  let { seen, failure } = await follow(soon(lifeMs));
  // A slow machine takes longer than that to start a stream: then a token that lives twice as long.
  while (seen.length < 2 && lifeMs < 20_000) {
    lifeMs *= 2;
    ({ seen, failure } = await follow(soon(lifeMs)));
  }
  expect(failure).toMatchObject({ data: { code: 'UNAUTHORIZED', reason: 'TOKEN_EXPIRED' } });
  expect(seen).toContain('agent_message');
  await expect.poll(() => server.manager.stats().subscribers).toBe(0);
});

test('an iterated subscription ends with UNAUTHORIZED when its token expires, and its calls are refused', async () => {
  await using manager = Object.assign(new EventManager({ broker: new MemoryBroker() }), {
    [Symbol.asyncDispose]: () => manager.close(),
  });
  let now = 1000;
  const sessions = new Sessions({ now: () => now });
  const session = sessions.open({ id: 'alice', claims: ALL, expiresAt: 2000 });
  const caller = createAppRouter(manager).createCaller({ session });
  const items = (await caller.on.any())[Symbol.asyncIterator]();
  expect(await items.next()).toMatchObject({ done: false });
  const unauthorized = { code: 'UNAUTHORIZED', cause: { code: 'UNAUTHENTICATED' } };
  const ended = expect(items.next()).rejects.toMatchObject(unauthorized);
  await sessions.revoke('alice');
  await ended;
  await expect(caller.stats()).rejects.toMatchObject(unauthorized);
  const again = sessions.open({ id: 'alice', claims: ALL, expiresAt: 2000 });
  await expect(createAppRouter(manager).createCaller({ session: again }).stats()).resolves.toBeDefined();
  now = 2000; // before any timer has noticed
  await expect(createAppRouter(manager).createCaller({ session: again }).stats()).rejects.toMatchObject({
    code: 'UNAUTHORIZED',
    cause: { code: 'TOKEN_EXPIRED' },
  });
});

test('an expiry beyond the longest timer is respected', async () => {
  vi.useFakeTimers({ now: 0 });
  const days = 24 * 3_600_000;
  const session = new Sessions().open({ id: 'alice', claims: ALL, expiresAt: 60 * days });
  await vi.advanceTimersByTimeAsync(60 * days - 1);
  expect(session.signal.aborted).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(session.signal.reason).toMatchObject({ code: 'TOKEN_EXPIRED' });
  expect(vi.getTimerCount()).toBe(0);
});

test('[D12] a client whose tokens live for one second loses no event and gets none twice', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0.01); // waits of 10 ms and more
  await using server = await startServer();
  const makeToken = vi.fn(() => token({ expiresAt: soon(600) }));
  await using client = connect({ url: `${server.url}/trpc`, token: makeToken });
  const seen: string[] = [];
  const onGap = vi.fn();
  const onSynced = vi.fn();
  client.on('agent_message', ({ data }) => seen.push(data.message), { onGap, onSynced });
  await eventually(() => expect(onSynced).toHaveBeenCalled());
  let sent: readonly string[];
  {
    using stream = publishing(server.manager);
    await eventually(() => expect(onSynced.mock.calls.length).toBeGreaterThan(3)); // cut three times
    sent = stream.sent;
  }
  await eventually(() => expect(seen.length).toBeGreaterThanOrEqual(sent.length));
  expect(seen).toEqual(sent);
  expect(onGap).not.toHaveBeenCalled();
  expect(makeToken.mock.calls.length).toBeGreaterThan(3);
});

describe('[D12] a client whose token is about to expire (make before break)', () => {
  /** Follows a client while its tokens, which live so long, are replaced twice. */
  async function renewals(lifeMs: number) {
    vi.spyOn(Math, 'random').mockReturnValue(0.01);
    await using server = await startServer(async () => ({
      id: 'alice',
      claims: ALL,
      expiresAt: Date.now() + lifeMs,
    }));
    let asked = 0;
    await using client = connect({ url: `${server.url}/trpc`, token: () => `${++asked}` });
    const seen: string[] = [];
    const onSynced = vi.fn();
    client.on('agent_message', ({ data }) => seen.push(data.message), { onSynced });
    await eventually(() => expect(onSynced).toHaveBeenCalled());
    const statuses = new Set<string>();
    const unsubscribe = client.connection.subscribe(({ status }) => statuses.add(status));
    let sent: readonly string[];
    {
      using stream = publishing(server.manager);
      await eventually(() => expect(asked).toBeGreaterThan(2));
      sent = stream.sent;
    }
    await eventually(() => expect(seen.length).toBeGreaterThanOrEqual(sent.length));
    unsubscribe();
    expect(seen).toEqual(sent);
    await eventually(() => expect(server.sessions.size).toBe(1));
    return [...statuses];
  }

  test('opens a connection with a fresh token before it leaves the old one', async () => {
    expect(await renewals(6000)).not.toContain('reconnecting');
  });

  test('control: is interrupted when its token expires too soon, and loses nothing even then', async () => {
    expect(await renewals(450)).toContain('reconnecting');
  });
});

test('[D12] a client is live only once the server has let it in', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0.01);
  await using server = await startServer();
  for (const [options, last] of [
    [{ audience: 'other' }, 'closed'],
    [{}, 'live'],
  ] as const) {
    await using client = connect({ url: `${server.url}/trpc`, token: () => token(options) });
    const statuses: string[] = [];
    client.connection.subscribe(({ status }) => statuses.push(status));
    await eventually(() => expect(statuses).toContain(last));
    expect(statuses).toEqual([last]);
  }
});

test('[D12] a client that is given an expired token asks for another, and its subscription survives', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0.01);
  await using server = await startServer();
  let given = 0;
  await using client = connect({
    url: `${server.url}/trpc`,
    token: () => token({ expiresAt: Date.now() + (given++ < 2 ? -5000 : 60_000) }),
  });
  const seen: string[] = [];
  const onSynced = vi.fn();
  client.on('agent_message', ({ data }) => seen.push(data.message), { onSynced });
  await client.publish('agent_message', agentMessage('first'));
  await eventually(() => expect(onSynced).toHaveBeenCalled());
  await client.publish('agent_message', agentMessage('second'));
  await eventually(() => expect(seen).toContain('second'));
  expect(given).toBe(3);
});

test('[D13] a client with an invalid token does not try again', async () => {
  await using server = await startServer();
  const makeToken = vi.fn(() => token({ audience: 'other' }));
  await using client = connect({ url: `${server.url}/trpc`, token: makeToken });
  await eventually(() => expect(client.connection.state.status).toBe('closed'));
  expect(client.connection.state.error?.message).toContain('4501');
  expect(makeToken).toHaveBeenCalledTimes(1);
});
