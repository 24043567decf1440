import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createClient } from '../../client/index.ts';
import { createEventStore, type Source, select } from '../../client/store/index.ts';
import { openCatalog } from '../open/catalog.ts';
import { agentMessage } from '../support/events.ts';
import { fakeClient, texts } from './fake-client.ts';
import { startTestServer } from './test-server.ts';

/** Follows a source; every value that it had is in `seen`. */
function follow<S>({ subscribe, getSnapshot }: Source<S>) {
  const seen: S[] = [];
  const stop = subscribe(() => seen.push(getSnapshot()));
  return { seen, stop };
}

describe('with a client that the test moves', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  const frame = () => vi.advanceTimersByTime(16);

  test('to make a store and its sources, and to read them, begins nothing, as on a server', () => {
    const fake = fakeClient();
    const store = createEventStore(fake.connect);
    const sources: Source<unknown>[] = [
      store.connection,
      store.events({ since: { last: 5 } }),
      store.latest('agent_message'),
      store.open('agent_processing' as never),
      store.presence('viewer' as never, { me: {} as never }),
      select(store.events(), ({ events }) => events.length),
    ];
    for (const { getSnapshot, initial } of sources) expect(getSnapshot()).toBe(initial);
    expect(store.connection.getSnapshot().status).toBe('connecting');
    expect(fake.connect).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('equal sources share one subscription, which ends a second after its last follower, with its client', () => {
    const fake = fakeClient();
    const store = createEventStore(fake.connect);
    const one = follow(store.events({ types: ['system_status', 'agent_message'], limit: 2 }));
    const other = follow(store.events({ types: ['agent_message', 'system_status'], limit: 3 }));
    expect(fake.subscriptions).toHaveLength(1);
    one.stop();
    one.stop();
    vi.advanceTimersByTime(5000);
    expect(fake.subscriptions).toMatchObject([{ stopped: false }]);
    other.stop();
    vi.advanceTimersByTime(1000);
    expect(fake.subscriptions).toMatchObject([{ stopped: true }]);
    expect(fake.close).toHaveBeenCalledOnce();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('a client of one’s own stays open; `hold` keeps one that the store made, however often it is released', () => {
    const own = fakeClient();
    const { stop } = follow(createEventStore(own.connect()).events());
    stop();
    vi.advanceTimersByTime(5000);
    expect(own.close).not.toHaveBeenCalled();

    const fake = fakeClient();
    const store = createEventStore(fake.connect, { lingerMs: 50 });
    const [first, second] = [store.hold(), store.hold()];
    first();
    first();
    vi.advanceTimersByTime(5000);
    expect(fake.close).not.toHaveBeenCalled();
    second();
    vi.advanceTimersByTime(50);
    expect(fake.close).toHaveBeenCalledOnce();
  });

  test('refuses a time that cannot be measured, and a limit that is none', () => {
    const fake = fakeClient();
    for (const lingerMs of [Number.POSITIVE_INFINITY, Number.NaN, -1, 2 ** 31])
      expect(() => createEventStore(fake.connect, { lingerMs })).toThrow(
        `lingerMs must be 0 to 2147483647 ms, not ${lingerMs}`,
      );
    const given: object = { lingerMs: undefined, onError: undefined }; // as a program without types may
    const store = createEventStore(fake.connect, given);
    for (const limit of [Number.NaN, -1])
      expect(() => store.events({ limit })).toThrow(
        `limit must be a number of events, 0 or more, not ${limit}`,
      );
    const all = store.events({ limit: Number.POSITIVE_INFINITY });
    const { stop } = follow(all);
    fake.subscriptions[0]?.emit('a', 1);
    frame();
    stop();
    vi.advanceTimersByTime(999);
    expect(texts(all.getSnapshot())).toBe('a');
  });

  test('a text in place of a list of topics is no list of its letters: the server refuses it', async () => {
    vi.useRealTimers();
    await using server = await startTestServer();
    const store = createEventStore(() => createClient({ url: server.wsUrl }));
    const { topics }: { topics: never } = JSON.parse('{ "topics": "run-*" }'); // as a program without types may
    const runs = store.events({ topics });
    const { stop } = follow(runs);
    await expect
      .poll(() => runs.getSnapshot())
      .toMatchObject({
        status: 'refused',
        error: { message: expect.stringContaining('topics') },
      });
    stop();
    await expect.poll(() => server.sockets.size).toBe(0);
  });

  test('each source keeps its own limit, and a snapshot its identity until something of it changes', () => {
    const fake = fakeClient();
    const store = createEventStore(fake.connect);
    const few = store.events({ limit: 2 });
    const many = store.events({ limit: 4 });
    follow(many);
    const { seen } = follow(few);
    for (let i = 1; i <= 5; i++) fake.subscriptions[0]?.emit(`${i}`, i);
    frame();
    expect(texts(few.getSnapshot())).toBe('4 5');
    expect(few.getSnapshot().dropped).toBe(3);
    expect(texts(many.getSnapshot())).toBe('2 3 4 5');
    expect(seen).toEqual([few.getSnapshot()]);
    expect(seen[0]).toBe(few.getSnapshot());
    const { events } = few.getSnapshot();
    fake.subscriptions[0]?.options.onStatus?.('stale');
    frame();
    expect(few.getSnapshot()).toMatchObject({ status: 'stale' });
    expect(few.getSnapshot().events).toBe(events);
  });

  test('a selection calls its listeners only when it changes, and keeps the result before where it is equal', () => {
    const fake = fakeClient();
    const store = createEventStore(fake.connect);
    const count = follow(select(store.events(), ({ events }) => events.length));
    const parities = select(
      store.events(),
      ({ events }) => ({ even: events.length % 2 === 0 }),
      (a, b) => a.even === b.even,
    );
    const parity = follow(parities);
    const latest = follow(store.latest('agent_message'));
    fake.subscriptions[0]?.emit('a', 1);
    fake.subscriptions[0]?.emit('b', 2);
    frame();
    fake.subscriptions[0]?.options.onStatus?.('stale');
    frame();
    expect(count.seen).toEqual([2]);
    expect(parity.seen).toEqual([]);
    expect(latest.seen).toEqual([]);
    fake.subscriptions[1]?.emit('c', 3);
    frame();
    expect(latest.seen).toMatchObject([{ data: { message: 'c' }, cursor: 'e:3' }]);
  });

  test('one listener that follows twice is two followers, of the connection too', () => {
    const fake = fakeClient();
    const store = createEventStore(fake.connect);
    const listener = vi.fn();
    const stops = [store.connection, store.events()].flatMap(({ subscribe }) => [
      subscribe(listener),
      subscribe(listener),
    ]);
    listener.mockClear();
    stops[0]?.();
    stops[2]?.();
    fake.setConnection('live');
    expect(listener.mock.calls).toEqual([[]]);
    expect(store.connection.getSnapshot().status).toBe('live');
    fake.subscriptions[0]?.emit('a', 1);
    frame();
    expect(listener).toHaveBeenCalledTimes(2);
    store.connection.retry();
    expect(fake.retry).toHaveBeenCalledOnce();
  });

  test('an error of a listener or a handler is reported, and stops nobody else', () => {
    const fake = fakeClient();
    const onError = vi.fn();
    const store = createEventStore(fake.connect, { onError });
    store.events({ types: ['agent_message'] }).subscribe(() => {
      throw new Error('a listener');
    });
    const heard: string[] = [];
    store.on('agent_message', () => {
      throw new Error('a handler');
    });
    const stop = store.on('agent_message', ({ data }) => heard.push(data.message));
    const { seen } = follow(store.events({ types: ['agent_message'] }));
    fake.subscriptions[0]?.emit('a', 1);
    frame();
    stop();
    expect(heard).toEqual(['a']);
    expect(seen).toHaveLength(1);
    expect(onError.mock.calls).toMatchObject([[{ message: 'a handler' }], [{ message: 'a listener' }]]);
    expect(fake.subscriptions).toHaveLength(1);
  });
});

test('events, older ones and the connection are followed at a server', async () => {
  await using server = await startTestServer();
  for (const text of ['1', '2', '3']) await server.manager.publish('agent_message', agentMessage(text));
  const store = createEventStore(() => createClient({ url: server.wsUrl }));
  const messages = store.events({ types: ['agent_message'], since: { last: 1 } });
  expect(await messages.loadOlder()).toBe(false);
  const followed = follow(messages);
  await expect.poll(() => texts(messages.getSnapshot())).toBe('3');
  await expect.poll(() => store.connection.getSnapshot().status).toBe('live');
  expect(await messages.loadOlder(1)).toBe(true);
  expect(texts(messages.getSnapshot())).toBe('2 3');
  await store.client().publish('agent_message', agentMessage('4'));
  await expect.poll(() => texts(messages.getSnapshot())).toBe('2 3 4');
  followed.stop();
  await expect.poll(() => server.sockets.size).toBe(0);
  expect(messages.getSnapshot()).toBe(messages.initial);
});

test('open events, questions and members are followed; with `me` the follower is one of the members', async () => {
  await using server = await startTestServer({ catalog: openCatalog });
  const agent = createClient({ url: server.wsUrl, catalog: openCatalog });
  const store = createEventStore(() => createClient({ url: server.wsUrl, catalog: openCatalog }), {
    lingerMs: 50,
  });
  const replies = store.open('reply');
  const questions = store.questions('approval');
  const members = store.presence('viewer', { me: { name: 'Ada' } });
  const followed = [follow(replies), follow(questions), follow(members)];
  const reply = await agent.begin('reply', { agent_id: 'a', text: 'You ' });
  await expect.poll(() => replies.getSnapshot()).toMatchObject([{ data: { text: 'You ' } }]);
  await reply.done();
  await expect.poll(() => replies.getSnapshot()).toEqual([]);

  const asked = agent.ask('approval', { tool: 'deploy' });
  await expect.poll(() => questions.getSnapshot()).toMatchObject([{ data: { tool: 'deploy' } }]);
  await questions.answer(questions.getSnapshot()[0]?.open?.id ?? '', { allow: true });
  expect(await asked).toMatchObject({ answer: { allow: true } });
  await expect.poll(() => questions.getSnapshot()).toEqual([]);

  await expect
    .poll(() => members.getSnapshot())
    .toMatchObject({ count: 1, members: [{ data: { name: 'Ada' } }], error: null });
  expect((await agent.open({ types: ['viewer'] })).items).toHaveLength(1);
  for (const { stop } of followed) stop();
  await expect.poll(async () => (await agent.open({ types: ['viewer'] })).items).toEqual([]);
  await agent.close();
});
