import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { fullJitter } from '../../client/failures/retry.ts';
import type { ConnectionState } from '../../client/index.ts';
import { freePort } from '../setup/redis-server.ts';
import { agentMessage } from '../support/events.ts';
import { connect } from './connect.ts';
import { eventually } from './eventually.ts';
import { startTestServer } from './test-server.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const quick = () => vi.spyOn(Math, 'random').mockReturnValue(0.02);

test('[D12] waits have full jitter from the first, double, and are 20 s at most', () => {
  const random = vi.spyOn(Math, 'random');
  const most = (retry: number): number => {
    random.mockReturnValue(1);
    return fullJitter(retry);
  };
  expect([0, 1, 2, 3, 4, 5, 6, 100].map(most)).toEqual([
    1000, 2000, 4000, 8000, 16_000, 20_000, 20_000, 20_000,
  ]);
  random.mockReturnValue(0);
  expect([0, 5].map(fullJitter)).toEqual([0, 0]);
  random.mockRestore();
  const firsts = Array.from({ length: 1000 }, () => fullJitter(0));
  for (const from of [0, 250, 500, 750]) {
    expect(firsts.filter((ms) => ms >= from && ms < from + 250).length).toBeGreaterThan(150);
  }
});

test('[D12] the status goes from connecting to live, reconnecting with its attempts, live, and closed', async () => {
  quick();
  await using server = await startTestServer();
  await using client = connect({ url: server.wsUrl });
  expect(client.connection.state).toEqual({
    status: 'connecting',
    transport: null,
    attempt: 0,
    nextRetryAt: null,
    lastEventAt: null,
    error: null,
  });
  const states: ConnectionState[] = [];
  const unsubscribe = client.connection.subscribe((state) => states.push(state));
  client.connection.subscribe(() => {
    throw new Error('a listener');
  });
  vi.spyOn(console, 'error').mockReturnValue();
  await eventually(() => expect(client.connection.state.status).toBe('live'));
  server.refusing = true;
  server.drop();
  await eventually(() => expect(client.connection.state.attempt).toBeGreaterThan(2));
  expect(client.connection.state).toMatchObject({
    status: 'reconnecting',
    error: { code: 'UNAVAILABLE', message: expect.stringMatching(/^No connection: /) },
  });
  server.refusing = false;
  await eventually(() => expect(client.connection.state.status).toBe('live'));
  expect(client.connection.state).toMatchObject({ attempt: 0, nextRetryAt: null, error: null });
  await client.close();
  unsubscribe();
  expect(states.at(-1)).toMatchObject({ status: 'closed', error: null });
  const statuses = states.map(({ status }) => status);
  expect(statuses.filter((status, i) => status !== statuses[i - 1])).toEqual([
    'live',
    'reconnecting',
    'live',
    'closed',
  ]);
  const attempts = states.filter(({ status }) => status === 'reconnecting').map(({ attempt }) => attempt);
  expect(attempts).toEqual(attempts.toSorted());
  expect(new Set(attempts)).toContain(1);
  expect(states.some(({ nextRetryAt }) => nextRetryAt !== null)).toBe(true);
});

test('retry() ends the wait', async () => {
  await using server = await startTestServer();
  vi.spyOn(Math, 'random').mockReturnValue(1000); // waits of a quarter of an hour
  await using client = connect({ url: server.wsUrl });
  await eventually(() => expect(client.connection.state.status).toBe('live'));
  client.connection.retry(); // nothing to end
  server.drop();
  await eventually(() => expect(client.connection.state.nextRetryAt).toBeGreaterThan(Date.now() + 900_000));
  client.connection.retry();
  await eventually(() => expect(client.connection.state.status).toBe('live'));
});

test('the client waits for a server that is not there yet', async () => {
  quick();
  await using server = await startTestServer();
  server.refusing = true;
  await using client = connect({ url: server.wsUrl });
  const published = client.publish('agent_message', agentMessage(1));
  await eventually(() => expect(client.connection.state.attempt).toBeGreaterThan(1));
  server.refusing = false;
  expect(await published).toMatchObject({ duplicate: false });
});

test('[D13] an expired token (4401) is replaced by a fresh one, and the stream resumes', async () => {
  quick();
  await using server = await startTestServer();
  let asked = 0;
  await using client = connect({ url: server.wsUrl, token: async () => `token-${++asked}` });
  const got: string[] = [];
  const onSynced = vi.fn();
  client.on('agent_message', ({ data }) => got.push(data.message), { onSynced });
  await eventually(() => expect(onSynced).toHaveBeenCalledTimes(1));
  await server.manager.publish('agent_message', agentMessage('before'));
  server.refusing = true;
  server.drop(4401, 'token expired');
  await eventually(() => expect(client.connection.state.status).toBe('reconnecting'));
  await server.manager.publish('agent_message', agentMessage('between'));
  server.refusing = false;
  await eventually(() => expect(onSynced).toHaveBeenCalledTimes(2));
  expect(got).toEqual(['before', 'between']);
  expect(server.tokens).toEqual(['token-1', `token-${asked}`]);
  expect(asked).toBeGreaterThan(1);
  expect(client.connection.state.status).toBe('live');
});

test('[D13] a close code from 4500 (here 4503) closes the client for good, and every caller gets the error', async () => {
  quick();
  await using server = await startTestServer();
  await using client = connect({ url: server.wsUrl, token: 'mine' });
  const onError = vi.fn();
  const onSynced = vi.fn();
  client.on('agent_message', () => {}, { onError, onSynced });
  await eventually(() => expect(onSynced).toHaveBeenCalled());
  const loop = (async () => {
    for await (const item of client.stream()) if (!item.cursor) return;
  })();
  loop.catch(() => {});
  await eventually(() => expect(server.manager.stats().subscribers).toBe(2));
  const { connections } = server;
  server.drop(4503, 'forbidden');
  await eventually(() => expect(client.connection.state.status).toBe('closed'));
  expect(client.connection.state.error).toMatchObject({
    code: 'CLOSED',
    message: 'The server ended the connection for good: closed with 4503 forbidden',
  });
  expect(onError).toHaveBeenCalledExactlyOnceWith(client.connection.state.error, false);
  await expect(loop).rejects.toBe(client.connection.state.error);
  await expect(client.publish('agent_message', agentMessage(1))).rejects.toMatchObject({ code: 'CLOSED' });
  const late = vi.fn();
  client.on('agent_message', () => {}, { onError: late });
  await eventually(() => expect(late).toHaveBeenCalledExactlyOnceWith(client.connection.state.error, false));
  client.connection.retry();
  expect(server.connections).toBe(connections);
  expect(new Set(server.tokens)).toEqual(new Set(['mine']));
});

test('[D13] a connection without a token that is let in is UNAUTHENTICATED, and so are calls after it', async () => {
  quick();
  await using server = await startTestServer();
  await using client = connect({ url: server.wsUrl, token: 'wrong' });
  const onError = vi.fn();
  client.on('agent_message', () => {}, { onError });
  await eventually(() => expect(client.connection.state.status).toBe('live'));
  server.drop(4501, 'The token is not valid.');
  await eventually(() => expect(client.connection.state.status).toBe('closed'));
  expect(client.connection.state.error).toMatchObject({ code: 'UNAUTHENTICATED' });
  expect(onError).toHaveBeenCalledExactlyOnceWith(client.connection.state.error, false);
  await expect(client.history()).rejects.toMatchObject({
    code: 'UNAUTHENTICATED',
    message: expect.stringContaining('closed with 4501 The token is not valid.'),
  });
});

test('[D12] a subscription is told once that no server can be reached, with the address', async () => {
  quick();
  await using server = await startTestServer();
  const told: [string, string, boolean][] = [];
  const onError = (error: Error, willRetry: boolean) =>
    told.push([Reflect.get(error, 'code'), error.message, willRetry]);
  const nowhere = `ws://127.0.0.1:${await freePort()}/trpc`;
  await using lost = connect({ url: nowhere });
  lost.on('agent_message', () => {}, { onError });
  await eventually(() => expect(lost.connection.state.attempt).toBeGreaterThan(3));
  expect(told).toEqual([['UNAVAILABLE', expect.stringContaining(`${nowhere} cannot be reached. `), true]]);

  // Control: of a connection that is lost later, onStatus tells.
  told.length = 0;
  await using client = connect({ url: server.wsUrl });
  await client.on('agent_message', () => {}, { onError }).ready;
  server.refusing = true;
  server.drop();
  await eventually(() => expect(client.connection.state.attempt).toBeGreaterThan(2));
  server.refusing = false;
  await eventually(() => expect(client.connection.state.status).toBe('live'));
  expect(told).toEqual([]);
});

test('a failure to get a token is reported, and tried again', async () => {
  quick();
  await using server = await startTestServer();
  let failures = 2;
  await using client = connect({
    url: server.wsUrl,
    token: () => {
      if (failures-- > 0) throw new Error('the identity provider is down');
      return 'at last';
    },
  });
  const errors = new Set<string | undefined>();
  client.connection.subscribe(({ error }) => errors.add(error?.message));
  await eventually(() => expect(client.connection.state.status).toBe('live'));
  expect(errors).toContain('No connection: the identity provider is down');
  await eventually(() => expect(server.tokens).toEqual(['at last']));
});

test('the client leaves a server that stops answering, even if its socket stays open', async () => {
  quick();
  await using server = await startTestServer();
  await using client = connect({
    url: server.wsUrl,
    keepAlive: { intervalMs: 50, pongTimeoutMs: 50 },
  });
  const got: string[] = [];
  const onSynced = vi.fn();
  client.on('agent_message', ({ data }) => got.push(data.message), { onSynced });
  await eventually(() => expect(onSynced).toHaveBeenCalledTimes(1));
  server.hush();
  await eventually(() => expect(onSynced).toHaveBeenCalledTimes(2));
  await server.manager.publish('agent_message', agentMessage(1));
  await eventually(() => expect(got).toEqual(['1']));
});

test('the client gives up a handshake that is not answered within ten seconds', async () => {
  quick();
  const silent = createServer();
  let connections = 0;
  silent.on('connection', (socket) => {
    // The client also asks once by HTTP why it is not let in; that is no attempt to connect.
    socket
      .on('error', () => {})
      .once('data', (head) => {
        if (/^upgrade: websocket/im.test(String(head))) connections++;
      });
  });
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const url = `ws://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  await using client = connect({ url, transports: ['ws'] });
  await eventually(() => expect(connections).toBe(1));
  await vi.advanceTimersByTimeAsync(5000);
  expect(client.connection.state).toMatchObject({ status: 'connecting', error: null });
  await vi.advanceTimersByTimeAsync(5000);
  await eventually(() => expect(connections).toBe(2));
  expect(client.connection.state).toMatchObject({ status: 'reconnecting', attempt: 1 });
  vi.useRealTimers();
  silent.close();
});

test('the client is offline without a network, and reconnects as soon as there is one', async () => {
  await using server = await startTestServer();
  const events = new EventTarget();
  vi.stubGlobal('navigator', { onLine: true });
  vi.stubGlobal('addEventListener', events.addEventListener.bind(events));
  vi.stubGlobal('removeEventListener', events.removeEventListener.bind(events));
  vi.spyOn(Math, 'random').mockReturnValue(1000);
  await using client = connect({ url: server.wsUrl });
  await eventually(() => expect(client.connection.state.status).toBe('live'));
  server.refusing = true;
  server.drop();
  await eventually(() => expect(client.connection.state.nextRetryAt).not.toBeNull());
  expect(client.connection.state.status).toBe('reconnecting');
  vi.stubGlobal('navigator', { onLine: false });
  events.dispatchEvent(new Event('offline'));
  expect(client.connection.state.status).toBe('offline');
  server.refusing = false;
  vi.stubGlobal('navigator', { onLine: true });
  events.dispatchEvent(new Event('online'));
  await eventually(() => expect(client.connection.state.status).toBe('live'));
});

test('lastEventAt follows events, at most once a second', async () => {
  await using server = await startTestServer();
  await using client = connect({ url: server.wsUrl });
  const got = vi.fn();
  const onSynced = vi.fn();
  client.on('agent_message', got, { onSynced });
  await eventually(() => expect(onSynced).toHaveBeenCalled());
  const states: ConnectionState[] = [];
  client.connection.subscribe((state) => states.push(state));
  const before = Date.now();
  for (let i = 0; i < 100; i++) await server.manager.publish('agent_message', agentMessage(i));
  await eventually(() => expect(got).toHaveBeenCalledTimes(100));
  expect(client.connection.state.lastEventAt).toBeGreaterThanOrEqual(before);
  await eventually(() => expect(states.length).toBeGreaterThan(1));
  expect(states.length).toBeLessThan(10);
});
