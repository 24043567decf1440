import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { EventsClient } from '../../client/index.ts';
import { isErased } from '../../client/store/erased.ts';
import { feedKey } from '../../client/store/event-feed.ts';
import { FeedStore } from '../../client/store/feed-store.ts';
import type { PsycheCatalog } from '../../shared/index.ts';
import { agentMessage } from '../support/events.ts';
import { connect } from './connect.ts';
import { eventually } from './eventually.ts';
import { fakeClient, texts } from './fake-client.ts';
import { startTestServer } from './test-server.ts';

describe('[V7] client.erase', () => {
  test('takes events back, by cursor and by filter, and tells subscriptions', async () => {
    await using server = await startTestServer();
    await using client = connect({ url: server.wsUrl });
    const texts: string[] = [];
    const gaps: unknown[] = [];
    const { ready } = client.on('agent_message', ({ data }) => texts.push(data.message), {
      onGap: ({ reason, from, to, lost }) => gaps.push([reason, from, to, lost]),
    });
    await ready;
    const cursors: string[] = [];
    for (const text of ['a', 'b', 'c'])
      cursors.push((await client.publish('agent_message', { ...agentMessage(text), agent_id: text })).cursor);
    await eventually(() => expect(texts).toEqual(['a', 'b', 'c']));
    expect(await client.erase({ cursor: cursors[1] ?? '' })).toEqual({ erased: 1 });
    await eventually(() => expect(gaps).toEqual([['erased', cursors[0], cursors[1], 1]]));
    const filter = { agent_id: { in: ['b', 'c'] } };
    expect(await client.erase({ types: ['agent_message'], filter })).toEqual({ erased: 1 });
    await eventually(() => expect(gaps).toHaveLength(2));
    expect((await client.history()).items.map(({ cursor }) => cursor)).toEqual([cursors[0]]);
  });

  test('says what is wrong', async () => {
    await using server = await startTestServer();
    await using client: EventsClient & AsyncDisposable = connect({ url: server.wsUrl });
    await expect(client.erase({ cursor: 'x' })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    await expect(client.erase({ filter: { nothing: 1 } as never })).rejects.toMatchObject({
      code: 'INVALID_FILTER',
    });
    const nobody: { id?: string } = {};
    await expect(client.erase({ filter: { agent_id: nobody.id } as never })).rejects.toMatchObject({
      code: 'INVALID_FILTER',
    });
    // @ts-expect-error: which events is to be said
    await expect(client.erase({ types: ['agent_message'] })).rejects.toMatchObject({
      code: 'INVALID_OPTION',
    });
  });
});

describe('[V7] the store', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  const frame = () => vi.advanceTimersByTime(16);

  test('lets go of erased events: shown, arrived, and loaded from before', async () => {
    const fake = fakeClient();
    const store = new FeedStore<PsycheCatalog>(fake);
    const key = feedKey<'agent_message', PsycheCatalog>({ since: { last: 3 } });
    let changes = 0;
    store.follow(key, 100, () => changes++);
    const [subscription] = fake.subscriptions;
    const erase = (from: number, to: number, runs?: [number, number][]) =>
      subscription?.options.onGap?.(
        { from: `e:${from}`, to: `e:${to}`, lost: to - from, reason: 'erased', ...(runs && { runs }) },
        { topic: 'default' },
      );
    for (const seq of [5, 6, 7]) subscription?.emit(`${seq}`, seq);
    frame();
    subscription?.emit('8', 8);
    erase(5, 6);
    erase(7, 8);
    changes = 0;
    frame();
    expect(texts(store.snapshot(key))).toBe('5 7');
    expect(changes).toBe(1);

    // The page was read before the events on it were erased, and comes after.
    const item = (seq: number) => ({
      cursor: `e:${seq}`,
      event: { event_type: 'agent_message', timestamp: '', data: agentMessage(`${seq}`) } as const,
    });
    fake.history.mockImplementation(async () => {
      erase(1, 4, [
        [1, 2],
        [3, 4],
      ]);
      frame();
      return { next: '', atEnd: false, previous: null, gaps: [], items: [1, 2, 3, 4].map(item) };
    });
    await store.loadOlder(key, 4);
    frame();
    expect(texts(store.snapshot(key))).toBe('1 3 5 7');
    expect(store.snapshot(key)).toMatchObject({ older: 2, dropped: 0 });
    expect(store.snapshot(key).gaps).toHaveLength(3);
    erase(2, 5);
    frame();
    expect(texts(store.snapshot(key))).toBe('1 7');
    expect(store.snapshot(key).older).toBe(1);
  });

  test('knows an event by its place in its own topic', () => {
    const gap = { from: 'e:4', to: 'e:6', lost: 2, reason: 'erased', topic: 'run.b' } as const;
    const cursor = '~arun.b:e:5~run.b:e:6~z:e:9';
    expect(isErased({ cursor, topic: 'run.b' }, gap)).toBe(true);
    expect(isErased({ cursor, topic: 'arun.b' }, gap)).toBe(false);
    expect(isErased({ cursor: '~run.b:e:4~z:e:5', topic: 'run.b' }, gap)).toBe(false);
    expect(isErased({ cursor: '~run.b:f:5', topic: 'run.b' }, gap)).toBe(false);
    expect(isErased({ cursor, topic: 'run.b' }, { ...gap, reason: 'trimmed' })).toBe(false);
    const { topic: _, ...single } = gap;
    expect(isErased({ cursor: 'e:5' }, single)).toBe(true);
    expect(isErased({ cursor: 'e:7' }, single)).toBe(false);
  });
});
