import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import type { EventsClient } from '../../client/index.ts';
import { EventManager, MemoryBroker } from '../../server/index.ts';
import { EventsError, type PsycheCatalog, type StreamGap, type StreamSynced } from '../../shared/index.ts';
import { agentMessage } from '../support/events.ts';
import { connect } from './connect.ts';
import { eventually } from './eventually.ts';
import { retrySoon } from './retry-soon.ts';
import { startTestServer, type TestServer } from './test-server.ts';

retrySoon();

test.each([
  ['without a close frame', undefined],
  ['with 1001', 1001],
  ['with 4008 SLOW_CONSUMER', 4008],
])('[D12] a client whose socket ends %s loses nothing and duplicates nothing', async (_, code) => {
  await using server = await startTestServer();
  await using client = connect({ url: server.wsUrl });
  const seen: string[] = [];
  const looped: string[] = [];
  const synced: StreamSynced['data'][] = [];
  const onGap = vi.fn();
  client.on('agent_message', ({ data }) => seen.push(data.message), {
    onGap,
    onSynced: (data) => synced.push(data),
  });
  const loop = (async () => {
    for await (const { event } of client.stream({ types: ['agent_message'] })) {
      if (event.event_type === 'agent_message') looped.push(event.data.message);
      if (looped.length === 300) return;
    }
  })();
  await eventually(() => expect(server.manager.stats().subscribers).toBe(2));

  const sent: string[] = [];
  for (let round = 0; round < 6; round++) {
    for (let i = 0; i < 50; i++) {
      sent.push(`${round}-${i}`);
      await server.manager.publish('agent_message', agentMessage(`${round}-${i}`));
      if (i % 10 === 0) await sleep(1);
      if (i === 25) server.drop(code);
    }
    await eventually(() => expect(client.connection.state.status).toBe('live'));
  }
  await eventually(() => expect(seen).toHaveLength(300));
  await loop;
  expect(seen).toEqual(sent);
  expect(looped).toEqual(sent);
  expect(onGap).not.toHaveBeenCalled();
  expect(synced.length).toBeGreaterThan(1);
  expect(synced.every(({ recovered }) => recovered)).toBe(true);
  expect(server.connections).toBeGreaterThan(1);
});

test('[D12] a server that asks its clients to move loses nothing, and handlers do not notice', async () => {
  await using server = await startTestServer();
  await using client = connect({ url: server.wsUrl });
  const seen: string[] = [];
  const states = new Set<string>();
  const onSynced = vi.fn();
  client.on('agent_message', ({ data }) => seen.push(data.message), { onSynced });
  await eventually(() => expect(onSynced).toHaveBeenCalled());
  client.connection.subscribe(({ status }) => states.add(status));
  server.askToReconnect();
  const sent: string[] = [];
  while (server.connections < 2 || server.sockets.size > 1) {
    sent.push(`${sent.length}`);
    await client.publish('agent_message', agentMessage(sent.length - 1));
  }
  await eventually(() => expect(seen).toEqual(sent));
  expect([...states].filter((status) => status !== 'live')).toEqual([]);
});

test('[D4] [D12] records trimmed while the client was away are told as a gap', async () => {
  const manager = new EventManager({ broker: new MemoryBroker({ maxRecords: 5 }), lingerMs: 1 });
  await using server = await startTestServer({ manager });
  await using client = connect({ url: server.wsUrl });
  const got: string[] = [];
  const gaps: StreamGap['data'][] = [];
  const synced: boolean[] = [];
  client.on('agent_message', ({ data }) => got.push(data.message), {
    onGap: (gap) => gaps.push(gap),
    onSynced: ({ recovered }) => synced.push(recovered),
  });
  await eventually(() => expect(synced).toEqual([true]));
  await manager.publish('agent_message', agentMessage(0));
  await eventually(() => expect(got).toEqual(['0']));
  server.refusing = true;
  server.drop();
  // The process forgets what it holds in memory: the log alone is left.
  await eventually(() => expect(manager.stats().topics).toEqual([]));
  for (let i = 1; i <= 20; i++) await manager.publish('agent_message', agentMessage(i));
  server.refusing = false;
  await eventually(() => expect(synced).toEqual([true, false]));
  expect(gaps).toEqual([
    {
      from: expect.stringMatching(/:1$/),
      to: expect.stringMatching(/:\d+$/),
      lost: expect.any(Number),
      reason: 'trimmed',
    },
  ]);
  expect(got.slice(1)).toHaveLength(20 - (gaps[0]?.lost ?? 0));
  expect(got.at(-1)).toBe('20');
});

test('[D4] [D12] a lost log is told as a gap, and the client goes on with the new one', async () => {
  const broker = new MemoryBroker();
  await using first = await startTestServer({ manager: new EventManager({ broker }) });
  await using second = await startTestServer();
  // The second server's topic has an epoch of its own.
  const { cursor } = await first.manager.publish('agent_message', agentMessage('old'));
  await second.manager.publish('agent_message', agentMessage('new'));
  await using client = connect({ url: second.wsUrl });
  const got: string[] = [];
  const gaps: StreamGap['data'][] = [];
  client.on('agent_message', ({ data }) => got.push(data.message), {
    since: cursor,
    onGap: (gap) => gaps.push(gap),
  });
  await eventually(() => expect(got).toEqual(['new']));
  expect(gaps).toEqual([expect.objectContaining({ from: cursor, lost: null, reason: 'epoch_changed' })]);
});

test('a subscription that fails temporarily reports it, and resumes where it was', async () => {
  await using server = await startTestServer();
  await using client = connect({ url: server.wsUrl });
  const log: string[] = [];
  const subscribe = server.manager.subscribe.bind(server.manager);
  let failures = 2;
  server.manager.subscribe = (options) => {
    if (failures-- > 0) throw new EventsError('UNAVAILABLE', 'not now');
    return subscribe(options);
  };
  client.on('agent_message', ({ data }) => log.push(data.message), {
    onError: ({ message }, willRetry) => log.push(`${message} ${willRetry}`),
    onSynced: () => log.push('synced'),
  });
  await eventually(() => expect(log).toEqual(['not now true', 'not now true', 'synced']));
  await server.manager.publish('agent_message', agentMessage('a'));
  await eventually(() => expect(log.at(-1)).toBe('a'));
});

test('[D12] a subscription that the server ends is resumed', async () => {
  const broker = new MemoryBroker();
  const managers = [new EventManager({ broker }), new EventManager({ broker })];
  const [current, next] = managers;
  await using server = await startTestServer({ ...(current && { manager: current }) });
  await using client = connect({ url: server.wsUrl });
  const got: string[] = [];
  const errors: string[] = [];
  client.on('agent_message', ({ data }) => got.push(data.message), {
    onError: (error, willRetry) => errors.push(`${error.message} ${willRetry}`),
  });
  await eventually(() => expect(server.manager.stats().subscribers).toBe(1));
  await server.manager.publish('agent_message', agentMessage(1));
  await eventually(() => expect(got).toEqual(['1']));
  // As if another node took over: the manager behind the router is replaced, and its subscriptions end.
  broker.close = async () => {};
  const subscribe = next?.subscribe.bind(next);
  if (subscribe) server.manager.subscribe = (options) => subscribe(options);
  await current?.close();
  await next?.publish('agent_message', agentMessage(2));
  await eventually(() => expect(got).toEqual(['1', '2']));
  expect(errors.every((error) => error.endsWith('true'))).toBe(true);
  await next?.close();
});

test('[D12] events that a server sends again are dropped', async () => {
  await using server = await startTestServer();
  const subscribe = server.manager.subscribe.bind(server.manager);
  // A server that resumes nobody, and sends everything from the beginning each time.
  server.manager.subscribe = (options) => subscribe({ ...options, since: { last: 100 } });
  await using client = connect({ url: server.wsUrl });
  const got: string[] = [];
  const onSynced = vi.fn();
  client.on('agent_message', ({ data }) => got.push(data.message), { onSynced });
  for (let i = 0; i < 10; i++) await server.manager.publish('agent_message', agentMessage(i));
  await eventually(() => expect(got).toHaveLength(10));
  server.drop();
  await eventually(() => expect(onSynced).toHaveBeenCalledTimes(2));
  await server.manager.publish('agent_message', agentMessage(10));
  await eventually(() => expect(got.at(-1)).toBe('10'));
  expect(got).toEqual(Array.from({ length: 11 }, (_, i) => `${i}`));
});

test.each([
  [
    'one time when its client is closed',
    3,
    (_: TestServer<PsycheCatalog>, client: EventsClient) => client.close(),
  ],
  [
    'no time when the server ends it for good, since it is then `refused`',
    2,
    async (server: TestServer<PsycheCatalog>) => server.drop(4503),
  ],
])('[D12] a caller that subscribes again on `stale` does so %s', async (_, subscriptions, end) => {
  await using server = await startTestServer();
  await using client = connect({ url: server.wsUrl });
  const onSynced = vi.fn();
  let subscribed = 0;
  const follow = (): void => {
    if (++subscribed > 10) throw new Error('for ever');
    const handle = client.on('agent_message', () => {}, {
      onSynced,
      onError: () => {},
      onStatus: (status) => {
        if (status !== 'stale') return;
        handle.unsubscribe();
        follow();
      },
    });
  };
  follow();
  await eventually(() => expect(onSynced).toHaveBeenCalledTimes(1));
  server.refusing = true;
  server.drop();
  await eventually(() => expect(client.connection.state.attempt).toBeGreaterThan(1));
  server.refusing = false;
  await eventually(() => expect(onSynced).toHaveBeenCalledTimes(2));
  expect(subscribed).toBe(2);
  await end(server, client);
  await eventually(() => expect(client.connection.state.status).toBe('closed'));
  await sleep(20);
  expect(subscribed).toBe(subscriptions);
});
