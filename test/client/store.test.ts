import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { StreamStatus } from '../../client/index.ts';
import { feedKey } from '../../client/store/event-feed.ts';
import { FeedStore } from '../../client/store/feed-store.ts';
import { EventsError, type PsycheCatalog } from '../../shared/index.ts';
import { fakeClient, texts } from './fake-client.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const frame = () => vi.advanceTimersByTime(16);

test('reading connects nothing; the first user subscribes, and equal inputs share the subscription', () => {
  const fake = fakeClient();
  const store = new FeedStore<PsycheCatalog>(fake);
  const key = feedKey({ types: ['system_status', 'agent_message'], topic: 'run-1' });
  expect(store.snapshot(key)).toMatchObject({ events: [], status: 'connecting', gap: null });
  expect(fake.connect).not.toHaveBeenCalled();

  const several = feedKey({ topics: ['b', 'a', 'b'], every: 500, latestBy: 'agent_id' });
  expect(several).toBe(feedKey({ topics: ['a', 'b'], latestBy: 'agent_id', every: 500 }));
  expect(several).not.toBe(feedKey({ topics: ['a', 'b'], every: 500 }));
  expect(several).not.toBe(feedKey({ topics: ['a'], every: 500, latestBy: 'agent_id' }));
  const same = feedKey({ topic: 'run-1', types: ['agent_message', 'system_status', 'agent_message'] });
  const stops = [key, same, key].map((each) => store.follow(each, 10, () => {}));
  stops.push(store.listen(same, () => {}));
  expect(fake.connect).toHaveBeenCalledOnce();
  expect(fake.subscriptions.map(({ input }) => input)).toEqual([
    { topic: 'run-1', types: ['agent_message', 'system_status'] },
  ]);
  store.follow(feedKey({ topic: 'run-1', types: ['agent_message'] }), 10, () => {});
  store.follow(feedKey({ topic: 'run-1', types: ['agent_message'], since: { last: 5 } }), 10, () => {});
  expect(fake.subscriptions).toHaveLength(3);
  for (const stop of stops) stop();
});

test('a subscription outlives its last user by a second, for a user who comes back', () => {
  const fake = fakeClient();
  const store = new FeedStore<PsycheCatalog>(fake);
  const key = feedKey({});
  const stopFirst = store.follow(key, 10, () => {});
  fake.subscriptions[0]?.emit('a', 1);
  frame();
  stopFirst();
  vi.advanceTimersByTime(999);
  const stopSecond = store.follow(key, 10, () => {});
  vi.advanceTimersByTime(10_000);
  expect(fake.subscriptions).toMatchObject([{ stopped: false }]);
  expect(texts(store.snapshot(key))).toBe('a');
  stopSecond();
  stopSecond();
  vi.advanceTimersByTime(1000);
  expect(fake.subscriptions).toMatchObject([{ stopped: true }]);
  expect(store.snapshot(key).events).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
});

test('the client is closed a second after its last user, and created again when it is needed', () => {
  const fake = fakeClient();
  const store = new FeedStore<PsycheCatalog>(fake);
  const states: string[] = [];
  store.subscribe(({ status }) => states.push(status));
  let release = store.hold();
  fake.setConnection('live');
  release();
  release = store.hold();
  vi.advanceTimersByTime(5000);
  expect(fake.close).not.toHaveBeenCalled();
  expect(store.state.status).toBe('live');
  store.retry();
  expect(fake.retry).toHaveBeenCalledOnce();
  release();
  vi.advanceTimersByTime(1000);
  expect(fake.close).toHaveBeenCalledOnce();
  expect(store.state.status).toBe('connecting');
  store.hold();
  expect(fake.connect).toHaveBeenCalledTimes(2);
  expect(states).toContain('live');
});

test('a client acquired after the last user left is closed too', () => {
  const fake = fakeClient();
  const store = new FeedStore<PsycheCatalog>(fake);
  store.client();
  vi.advanceTimersByTime(1000);
  expect(fake.close).toHaveBeenCalledOnce();
  // One who follows an input needs it.
  const stop = store.follow(feedKey({}), 10, () => {});
  vi.advanceTimersByTime(10_000);
  expect(fake.close).toHaveBeenCalledOnce();
  stop();
  vi.advanceTimersByTime(1000);
  expect(fake.close).toHaveBeenCalledTimes(2);
  expect(fake.subscriptions).toMatchObject([{ stopped: true }]);
});

test('a client that was given to the store is left open', () => {
  const fake = fakeClient();
  const store = new FeedStore<PsycheCatalog>({ ...fake, closes: false });
  store.hold()();
  vi.advanceTimersByTime(5000);
  expect(fake.close).not.toHaveBeenCalled();
});

test('many events cause one notification, and the snapshot stays the same object without news', () => {
  const fake = fakeClient();
  const store = new FeedStore<PsycheCatalog>(fake);
  const key = feedKey({});
  const listener = vi.fn();
  store.follow(key, 2000, listener);
  const [subscription] = fake.subscriptions;
  for (let i = 1; i <= 1000; i++) subscription?.emit(`${i}`, i);
  expect(store.snapshot(key)).toBe(store.snapshot(key));
  expect(listener).not.toHaveBeenCalled();
  frame();
  expect(listener).toHaveBeenCalledOnce();
  const snapshot = store.snapshot(key);
  expect(texts(snapshot)).toBe(Array.from({ length: 1000 }, (_, i) => `${i + 1}`).join(' '));
  expect(snapshot.events[0]).toMatchObject({ event_type: 'agent_message', cursor: 'e:1' });
  frame();
  expect(store.snapshot(key)).toBe(snapshot);
  subscription?.options.onStatus?.('stale');
  frame();
  expect(store.snapshot(key)).not.toBe(snapshot);
  expect(store.snapshot(key).events).toBe(snapshot.events);
});

test('the buffer holds up to the largest limit, and counts what it dropped', () => {
  const fake = fakeClient();
  const store = new FeedStore<PsycheCatalog>(fake);
  const key = feedKey({});
  store.follow(key, 2, () => {});
  store.follow(key, 3, () => {});
  const [subscription] = fake.subscriptions;
  for (let i = 1; i <= 10; i++) subscription?.emit(`${i}`, i);
  frame();
  expect(texts(store.snapshot(key))).toBe('8 9 10');
  expect(store.snapshot(key).dropped).toBe(7);
  // A page whose timers do not run holds no more than so many either.
  for (let i = 11; i <= 20_000; i++) subscription?.emit(`${i}`, i);
  expect(store.snapshot(key).dropped).toBeGreaterThan(15_000);
  frame();
  expect(texts(store.snapshot(key))).toBe('19998 19999 20000');
  expect(store.snapshot(key).dropped).toBe(19_997);
});

test('[D4] status, gaps, the result of a catch-up and errors are in the snapshot', () => {
  const fake = fakeClient();
  const store = new FeedStore<PsycheCatalog>(fake);
  const key = feedKey({});
  store.follow(key, 10, () => {});
  const { options, emit } = fake.subscriptions[0] ?? {};
  const status = (next: StreamStatus) => {
    options?.onStatus?.(next);
    frame();
    return store.snapshot(key);
  };
  expect(status('catching-up')).toMatchObject({ status: 'catching-up', caughtUp: 0 });
  options?.onSynced?.({ recovered: true, cursor: 'e:0' });
  expect(status('live')).toMatchObject({ status: 'live', caughtUp: 0 });
  emit?.('a', 1);
  const error = new EventsError('UNAVAILABLE', 'not now');
  options?.onError?.(error, true);
  expect(status('stale')).toMatchObject({ status: 'stale', error });
  status('catching-up');
  const gap = { from: 'e:1', to: 'e:5', lost: 4, reason: 'trimmed' as const };
  options?.onGap?.(gap, { topic: 'default' });
  emit?.('f', 6);
  emit?.('g', 7);
  options?.onSynced?.({ recovered: false, cursor: 'e:7' });
  expect(status('live')).toMatchObject({ status: 'live', caughtUp: 2, gap, gaps: [gap], error: null });
  expect(texts(store.snapshot(key))).toBe('a f g');
  emit?.('h', 8);
  options?.onSynced?.({ recovered: true, cursor: 'e:8' }); // it has moved to another connection
  frame();
  expect(store.snapshot(key)).toMatchObject({ status: 'live', caughtUp: 2 });
});

test('a handler gets each event at once, including those the buffer drops, and its errors are reported', () => {
  const fake = fakeClient();
  const onError = vi.fn();
  const store = new FeedStore<PsycheCatalog>({ ...fake, onError });
  const got: string[] = [];
  store.listen(feedKey({}), () => {
    throw new Error('a handler');
  });
  const stop = store.listen(feedKey({}), ({ cursor }) => got.push(cursor));
  for (let i = 1; i <= 3; i++) fake.subscriptions[0]?.emit('', i);
  stop();
  fake.subscriptions[0]?.emit('', 4);
  expect(got).toEqual(['e:1', 'e:2', 'e:3']);
  expect(onError).toHaveBeenCalledTimes(4);
});

test('one that another stops is not called any more: a listener, a handler, a watcher of the connection', () => {
  const fake = fakeClient();
  const store = new FeedStore<PsycheCatalog>(fake);
  const key = feedKey({});
  const called: string[] = [];
  const stops: (() => void)[] = [];
  const first = (name: string) => () => {
    called.push(name);
    for (const stop of stops) stop();
  };
  store.follow(key, 10, first('listener'));
  store.listen(key, first('handler'));
  store.subscribe(first('watcher'));
  for (const begin of [
    () => store.follow(key, 10, () => called.push('stopped listener')),
    () => store.listen(key, () => called.push('stopped handler')),
    () => store.subscribe(() => called.push('stopped watcher')),
  ]) {
    stops.splice(0, 1, begin());
    fake.setConnection('live');
    fake.subscriptions[0]?.emit('', 1);
    frame();
  }
  expect(new Set(called)).toEqual(new Set(['watcher', 'handler', 'listener']));
});

test('nobody sees what a handler does to its event, and an event that cannot be frozen is copied for each handler', () => {
  const fake = fakeClient();
  const report = vi.fn();
  const store = new FeedStore<PsycheCatalog>({ ...fake, onError: report });
  const key = feedKey({});
  store.follow(key, 10, () => {});
  const heard: unknown[] = [];
  store.listen(key, ({ data }) => {
    (data as { message: string }).message = 'changed'; // frozen: a TypeError
  });
  store.listen(key, ({ data }) => {
    const { at } = data as unknown as { at?: Date };
    heard.push(at?.getTime());
    at?.setTime(99);
  });
  store.listen(key, ({ data }) => heard.push((data as unknown as { at?: Date }).at?.getTime()));
  const [subscription] = fake.subscriptions;
  subscription?.emit('original', 1);
  expect(report).toHaveBeenCalledWith(expect.any(TypeError));
  subscription?.emit('dated', 2, { at: new Date(7) });
  frame();
  expect(heard).toEqual([undefined, undefined, 7, 7]);
  expect(texts(store.snapshot(key))).toBe('original dated');
  expect(store.snapshot(key).events[1]?.data).toMatchObject({ at: new Date(7) });
});
