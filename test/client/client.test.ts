import { afterEach, expect, test, vi } from 'vitest';
import { createClient } from '../../client/index.ts';
import { EventManager, MemoryBroker } from '../../server/index.ts';
import { EventsError, psycheEvents } from '../../shared/index.ts';
import { agentMessage, systemStatus } from '../support/events.ts';
import { connect } from './connect.ts';
import { eventually } from './eventually.ts';
import { startTestServer } from './test-server.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

test('a handler gets each event of its type with its cursor, and no others', async () => {
  await using server = await startTestServer();
  await using client = connect({ url: server.wsUrl });
  const messages: unknown[] = [];
  const all: string[] = [];
  const statuses: string[] = [];
  const onSynced = vi.fn();
  const handle = client.on(
    'agent_message',
    ({ event_type, data, timestamp }, { cursor }) =>
      messages.push([event_type, data.message, timestamp, cursor]),
    { onSynced },
  );
  client.on('any', ({ event_type }) => all.push(event_type), { onSynced });
  client.on('any', ({ event_type }) => statuses.push(event_type), { types: ['system_status'], onSynced });
  await eventually(() => expect(onSynced).toHaveBeenCalledTimes(3));

  const timestamp = '2026-01-02T03:04:05.678Z';
  const first = await client.publish('agent_message', agentMessage('hello'), { timestamp });
  expect(first).toEqual({ cursor: expect.stringMatching(/^\w+:1$/), duplicate: false });
  await client.publish('system_status', systemStatus());

  await eventually(() => expect(statuses).toEqual(['system_status']));
  expect(all).toEqual(['agent_message', 'system_status']);
  expect(messages).toEqual([['agent_message', 'hello', timestamp, first.cursor]]);
  expect(handle.cursor).toBe(first.cursor);
});

test('after unsubscribe no handler is called, and the server has no subscription left', async () => {
  await using server = await startTestServer();
  await using client = connect({ url: server.wsUrl });
  const handler = vi.fn();
  const abort = new AbortController();
  const handle = client.on('agent_message', handler);
  client.on('agent_message', handler, { signal: abort.signal });
  client.on('agent_message', handler, { signal: AbortSignal.abort() });
  await eventually(() => expect(server.manager.stats().subscribers).toBe(2));
  handle.unsubscribe();
  abort.abort();
  await eventually(() => expect(server.manager.stats().subscribers).toBe(0));
  await client.publish('agent_message', agentMessage(1));
  expect(handler).not.toHaveBeenCalled();
});

test('since starts after a cursor, with the last n events, or at a time, in its own topic only', async () => {
  await using server = await startTestServer();
  await using client = connect({ url: server.wsUrl });
  const cursors: string[] = [];
  for (const text of ['a', 'b', 'c']) {
    cursors.push((await client.publish('agent_message', agentMessage(text), { topic: 'run-1' })).cursor);
  }
  await client.publish('agent_message', agentMessage('elsewhere'));
  const got = { cursor: '', last: '', at: '' };
  const options = { topic: 'run-1' };
  client.on('any', ({ data }) => (got.cursor += 'message' in data && data.message), {
    ...options,
    since: cursors[0],
  });
  client.on('agent_message', ({ data }) => (got.last += data.message), { ...options, since: { last: 1 } });
  client.on('agent_message', ({ data }) => (got.at += data.message), {
    ...options,
    since: { at: '2020-01-01T00:00:00Z' },
  });
  await eventually(() => expect(got).toEqual({ cursor: 'bc', last: 'c', at: 'abc' }));
});

test('a batch is stored in order, a page of history returns it, and stats count it', async () => {
  await using server = await startTestServer();
  await using client = connect({ url: server.wsUrl });
  const results = await client.publishBatch([
    { event_type: 'agent_message', data: agentMessage('one') },
    { event_type: 'system_status', data: systemStatus() },
  ]);
  expect(await client.publishBatch([])).toEqual([]);
  const page = await client.history({ limit: 10 });
  expect(page.items.map(({ cursor }) => cursor)).toEqual(results.map(({ cursor }) => cursor));
  expect(page.items.map(({ event }) => event.event_type)).toEqual(['agent_message', 'system_status']);
  expect((await client.history({ types: ['system_status'] })).items).toHaveLength(1);
  expect((await client.stats()).published).toMatchObject({ agent_message: 1, system_status: 1 });
});

test('[D11] a handler that throws or rejects stops neither its stream nor the other handlers', async () => {
  await using server = await startTestServer();
  const errors: Error[] = [];
  await using client = connect({ url: server.wsUrl, onError: (error) => errors.push(error) });
  const seen: string[] = [];
  const onSynced = vi.fn(() => {
    throw new Error('onSynced');
  });
  client.on(
    'agent_message',
    ({ data }) => {
      if (data.message === '1') throw new Error('thrown');
      seen.push(data.message);
    },
    { onSynced },
  );
  client.on('agent_message', async () => Promise.reject(new Error('rejected')), { onSynced });
  client.on('agent_message', ({ data }) => seen.push(`other ${data.message}`), { onSynced });
  await eventually(() => expect(onSynced).toHaveBeenCalledTimes(3));
  await client.publish('agent_message', agentMessage(1));
  await client.publish('agent_message', agentMessage(2));
  await eventually(() => expect(seen.sort()).toEqual(['2', 'other 1', 'other 2']));
  expect(errors.map(({ message }) => message).sort()).toEqual(
    ['onSynced', 'onSynced', 'onSynced', 'rejected', 'rejected', 'thrown'].sort(),
  );
});

test('[D11] an onError of a client that throws, at the end of a subscription, ends nothing else', async () => {
  await using server = await startTestServer();
  const failed = new Error('onError');
  const told = vi.spyOn(console, 'error').mockReturnValue();
  const onError = vi.fn(() => {
    throw failed;
  });
  await using client = connect({ url: server.wsUrl, onError });
  client.on('agent_message', () => {}, { types: ['none'] } as object);
  await eventually(() => expect(told.mock.calls).toEqual([[failed]]));
  expect(onError).toHaveBeenCalledOnce();
});

test('a refusal by the server is an EventsError with its code and issues', async () => {
  await using server = await startTestServer();
  await using client = connect({ url: server.wsUrl });
  const bad = { ...agentMessage('x'), sentiment: { score: 7, label: 'positive' as const } };
  const error = await client.publish('agent_message', bad).catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(EventsError);
  expect(error).toMatchObject({
    code: 'INVALID_EVENT',
    issues: [{ path: ['data', 'sentiment', 'score'] }],
    cause: { name: 'TRPCClientError' },
  });
  await expect(client.publish('agent_message', agentMessage(1), { topic: '.x' })).rejects.toMatchObject({
    code: 'INVALID_OPTION',
  });
  await expect(client.history({ since: 'nonsense' })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  // @ts-expect-error a time is text
  await expect(client.history({ since: { at: new Date() } })).rejects.toMatchObject({
    code: 'INVALID_OPTION',
    message: expect.stringContaining('{ at: ISO 8601 time as text }'),
  });
});

test('an impossible subscription ends with its error, which goes to the client’s onError where it has none', async () => {
  await using server = await startTestServer();
  const errors: Error[] = [];
  await using client = connect({ url: server.wsUrl, onError: (error) => errors.push(error) });
  const onError = vi.fn();
  const onStatus = vi.fn();
  client.on('agent_message', () => {}, { since: 'nonsense', onError, onStatus });
  client.on('agent_message', () => {}, { topic: '..' });
  await eventually(() => expect(onError).toHaveBeenCalledOnce());
  expect(onError).toHaveBeenCalledWith(expect.objectContaining({ code: 'INVALID_OPTION' }), false);
  expect(onStatus).toHaveBeenLastCalledWith('refused');
  await eventually(() => expect(errors).toEqual([expect.objectContaining({ code: 'INVALID_OPTION' })]));
});

test('a client with a catalog does not send invalid data', async () => {
  await using server = await startTestServer();
  await using client = connect({ url: server.wsUrl, catalog: psycheEvents });
  const bad = { ...agentMessage('x'), message: 5 };
  // @ts-expect-error a message is a string
  await expect(client.publish('agent_message', bad)).rejects.toMatchObject({
    code: 'INVALID_EVENT',
    issues: [{ path: ['data', 'message'] }],
  });
  await expect(
    client.publishBatch([
      { event_type: 'agent_message', data: agentMessage(1) },
      // @ts-expect-error no such event
      { event_type: 'agent_massage', data: {} },
    ]),
  ).rejects.toMatchObject({ code: 'UNKNOWN_EVENT', issues: [{ path: ['events', 1, 'event_type'] }] });
  expect(server.manager.stats().errors.invalid).toBe(0);
});

test('a closed client refuses calls, and ends its subscriptions without an error', async () => {
  await using server = await startTestServer();
  const client = createClient({ url: server.wsUrl });
  const onError = vi.fn();
  const onSynced = vi.fn();
  client.on('any', () => {}, { onError, onSynced });
  await eventually(() => expect(onSynced).toHaveBeenCalled());
  const inFlight = client.publish('agent_message', agentMessage(1));
  await client.close();
  await client.close();
  expect(await inFlight).toMatchObject({ duplicate: false });
  await expect(client.publish('agent_message', agentMessage(2))).rejects.toMatchObject({ code: 'CLOSED' });
  await expect(client.stats()).rejects.toMatchObject({ code: 'CLOSED' });
  client.on('any', () => {}, { onError });
  for await (const item of client.stream()) expect.unreachable(JSON.stringify(item));
  expect(onError).not.toHaveBeenCalled();
  expect(client.connection.state).toMatchObject({ status: 'closed', error: null });
  await eventually(() => expect(server.sockets.size).toBe(0));
});

test('an http address connects a WebSocket, and an invalid address is refused with what to do', async () => {
  await using server = await startTestServer();
  await using client = connect({ url: server.httpUrl });
  expect(await client.publish('agent_message', agentMessage(1))).toMatchObject({ duplicate: false });
  expect(() => createClient()).toThrow(/pass url, e\.g\. "ws:/);
  expect(() => createClient({ url: '/trpc' })).toThrow(TypeError);
  expect(() => createClient({ url: 'ftp://example.org' })).toThrow(/ws\(s\):\/\/ or http\(s\):\/\//);
});

test('a custom WebSocket class is used', async () => {
  const { WebSocket } = await import('ws');
  await using server = await startTestServer();
  let made = 0;
  class Counting extends WebSocket {
    constructor(url: string) {
      super(url);
      made++;
    }
  }
  await using client = connect({ url: server.wsUrl, transports: ['ws'], WebSocket: Counting });
  await client.stats();
  expect(made).toBe(1);
});

test('[D10] a publish is tried again when the server is too busy', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0.01);
  const held: (() => void)[] = [];
  const broker = new MemoryBroker();
  const publish = broker.publish.bind(broker);
  broker.publish = async (...args) => {
    await new Promise<void>((resolve) => held.push(resolve));
    return publish(...args);
  };
  const manager = new EventManager({ broker, maxInFlight: 1 });
  await using server = await startTestServer({ manager });
  await using client = connect({ url: server.wsUrl });
  const first = client.publish('agent_message', agentMessage(1));
  const second = client.publish('agent_message', agentMessage(2));
  await eventually(() => expect(manager.stats().errors.overloaded).toBeGreaterThan(0));
  const release = setInterval(() => {
    for (const resolve of held.splice(0)) resolve();
  }, 5);
  expect((await Promise.all([first, second])).map(({ duplicate }) => duplicate)).toEqual([false, false]);
  clearInterval(release);
});

test('[D8] the server applies a filter to handlers, loops and history', async () => {
  await using server = await startTestServer();
  await using client = connect({ url: server.wsUrl });
  const bad = { ...agentMessage('bad'), sentiment: { score: -1, label: 'negative' as const } };
  const filter = { 'sentiment.score': { lt: 0 } };
  const got: string[] = [];
  const onSynced = vi.fn();
  client.on('agent_message', ({ data }) => got.push(data.message), {
    filter,
    onSynced,
    whenSlow: 'conflate',
  });
  await eventually(() => expect(onSynced).toHaveBeenCalled());
  await client.publish('agent_message', agentMessage('good'));
  await client.publish('agent_message', bad);
  await eventually(() => expect(got).toEqual(['bad']));
  expect((await client.history({ types: ['agent_message'], filter })).items).toHaveLength(1);
  for await (const { event } of client.stream({ types: ['agent_message'], filter, since: { last: 5 } })) {
    expect(event.data).toMatchObject({ message: 'bad' });
    break;
  }
  const onError = vi.fn();
  // @ts-expect-error no such field
  client.on('agent_message', () => {}, { filter: { 'sentiment.scor': 1 }, onError });
  await eventually(() =>
    expect(onError).toHaveBeenCalledWith(expect.objectContaining({ code: 'INVALID_FILTER' }), false),
  );
});

test('a listener of the connection that another stops is not called any more', async () => {
  await using server = await startTestServer();
  await using client = connect({ url: server.wsUrl });
  const called: string[] = [];
  let stop = () => {};
  client.connection.subscribe(() => {
    called.push('first');
    stop();
  });
  stop = client.connection.subscribe(() => called.push('stopped'));
  await client.on('any', () => {}).ready;
  expect(new Set(called)).toEqual(new Set(['first']));
});
