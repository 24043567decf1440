import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { feedKey } from '../../client/store/event-feed.ts';
import { FeedStore } from '../../client/store/feed-store.ts';
import { EventsError, type PsycheCatalog } from '../../shared/index.ts';
import { agentMessage } from '../support/events.ts';
import { fakeClient, texts } from './fake-client.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const frame = () => vi.advanceTimersByTime(16);

test('loadOlder puts a page in front without a hole, however many events arrive meanwhile', async () => {
  const fake = fakeClient();
  const store = new FeedStore<PsycheCatalog>(fake);
  const key = feedKey({ topic: 'run-1', types: ['agent_message'], since: { last: 2 }, echo: false });
  expect(await store.loadOlder(key, 5)).toBe(false);
  store.follow(key, 2, () => {});
  const [subscription] = fake.subscriptions;
  subscription?.emit('9', 9);
  subscription?.emit('10', 10);
  frame();
  const event = (text: string, seq: number) => ({
    cursor: `e:${seq}`,
    event: { event_type: 'agent_message', timestamp: '', data: agentMessage(text) } as const,
  });
  const page = { next: '', atEnd: false, previous: 'e:7', gaps: [], items: [event('7', 7), event('8', 8)] };
  fake.history.mockImplementation(async () => {
    for (let i = 11; i <= 14; i++) subscription?.emit(`${i}`, i);
    frame();
    return page;
  });
  const first = store.loadOlder(key, 5);
  const meanwhile = store.loadOlder(key, 5);
  expect(await Promise.all([first, meanwhile])).toEqual([true, true]);
  expect(fake.history).toHaveBeenCalledExactlyOnceWith({
    topic: 'run-1',
    types: ['agent_message'],
    echo: false,
    before: 'e:9',
    limit: 5,
  });
  expect(texts(store.snapshot(key))).toBe('7 8 9 10 11 12 13 14');
  subscription?.emit('15', 15);
  frame();
  // Two loaded ones on top of the limit of two.
  expect(texts(store.snapshot(key))).toBe('12 13 14 15');

  const gap = { from: 'e:0', to: 'e:6', lost: 6, reason: 'trimmed' as const };
  fake.history.mockResolvedValueOnce({ ...page, items: [], gaps: [gap], previous: null });
  expect(await store.loadOlder(key, 5)).toBe(false);
  expect(store.snapshot(key).gaps).toEqual([gap]);

  const error = new EventsError('UNAVAILABLE', 'not now');
  fake.history.mockRejectedValueOnce(error);
  expect(await store.loadOlder(key, 5)).toBe(true);
  frame();
  expect(store.snapshot(key).error).toBe(error);
});

test('loadOlder of an empty buffer loads the latest events, each once', async () => {
  const fake = fakeClient();
  const store = new FeedStore<PsycheCatalog>(fake);
  const key = feedKey({});
  store.follow(key, 10, () => {});
  const message = { event_type: 'agent_message', timestamp: '', data: agentMessage('2') } as const;
  fake.history.mockImplementation(async () => {
    fake.subscriptions[0]?.emit('2', 2);
    frame();
    const older = { ...message, data: agentMessage('1') };
    const items = [
      { cursor: 'e:1', event: older },
      { cursor: 'e:2', event: message },
    ];
    return { next: '', atEnd: true, previous: null, gaps: [], items };
  });
  await store.loadOlder(key, 5);
  expect(texts(store.snapshot(key))).toBe('1 2');
});
