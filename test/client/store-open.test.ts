import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { EventHandler, EventsClient, OnAnyOptions } from '../../client/index.ts';
import { feedKey } from '../../client/store/event-feed.ts';
import { FeedStore } from '../../client/store/feed-store.ts';
import { EventsError } from '../../shared/index.ts';
import type { OpenCatalog } from '../open/catalog.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

type Name = 'note' | 'reply' | 'viewer';
const topic = 'run-42';
const timestamp = '2026-01-01T00:00:00Z';

/** A store over a client whose events the test makes, and whose memberships it sees. */
function fakeStore() {
  let handler: EventHandler<Name, OpenCatalog> = () => {};
  let options: OnAnyOptions<Name, OpenCatalog> = {};
  const history = vi.fn<EventsClient<OpenCatalog>['history']>();
  const join = vi.fn<EventsClient<OpenCatalog>['join']>();
  const connection = { state: { status: 'live' }, retry() {}, subscribe: () => () => {} };
  const on = (_: 'any', taken: typeof handler, given: typeof options) => {
    handler = taken;
    options = given;
    return { cursor: null, unsubscribe() {} };
  };
  const client = {
    on,
    history,
    join,
    connection,
    close: async () => {},
  } as unknown as EventsClient<OpenCatalog>;
  const onError = vi.fn();
  const store = new FeedStore<OpenCatalog>({ connect: () => client, onError });
  const tell = (event: Parameters<typeof handler>[0], seq: number) =>
    handler(event, { cursor: `e:${seq}`, topic });
  return {
    ...{ store, tell, history, join, onError },
    note: (text: string, seq: number) => tell({ event_type: 'note', timestamp, data: { text } }, seq),
    reply: (id: string, text: string, seq: number, stored?: false, state: 'open' | 'done' = 'open') =>
      tell(
        {
          ...{ event_type: 'reply', timestamp, data: { agent_id: 'a', text } },
          ...(stored === false && { stored }),
          open: { id, kind: 'growing', state, field: 'text' },
        },
        seq,
      ),
    viewer: (id: string, name: string, state: 'open' | 'left' = 'open', of?: string) =>
      tell(
        {
          ...{ event_type: 'viewer', timestamp, ...(of && { topic: of }) },
          data: { name },
          stored: false,
          open: { id, kind: 'presence', state },
        },
        1,
      ),
    synced: () => options.onSynced?.({ recovered: true, cursor: 'e:5' }),
    count: (count: number, each?: boolean, of = topic) =>
      options.onCount?.({ type: 'viewer', count, ...(each !== undefined && { each }) }, { topic: of }),
    gap: (from: string, to: string, open?: string[]) =>
      options.onGap?.({ from, to, lost: null, reason: 'erased', ...(open && { open }) }, { topic }),
  };
}

const frame = () => vi.advanceTimersByTime(16);
const key = feedKey({ topic });

/** Rows as `text@cursor`, and what is open. */
const shown = (store: FeedStore<OpenCatalog>) => {
  const { events, open } = store.snapshot(key);
  const asText = (all: typeof events) =>
    all.map(({ data, cursor }) => `${Object.values(data).at(-1)}@${cursor}`).join(' ');
  return [asText(events), asText(open)];
};

test('an event that grows is one row in its place, with the cursor of its record, and is replaced as a whole', () => {
  const { store, note, reply } = fakeStore();
  store.follow(key, 10, () => {});
  reply('1', 'a', 1);
  note('x', 2);
  reply('1', 'ab', 2, false);
  frame();
  expect(shown(store)).toEqual(['ab@e:1 x@e:2', 'ab@e:1']);
  const { events, open } = store.snapshot(key);
  reply('1', 'abc', 2, false);
  reply('1', 'abcd', 2, false);
  frame();
  expect(shown(store)).toEqual(['abcd@e:1 x@e:2', 'abcd@e:1']);
  expect(store.snapshot(key).events[0]).not.toBe(events[0]);
  expect(store.snapshot(key).events[1]).toBe(events[1]);
  expect(store.snapshot(key).open).not.toBe(open);
  reply('1', 'abcd', 3, undefined, 'done');
  frame();
  expect(shown(store)).toEqual(['abcd@e:3 x@e:2', '']);
  const settled = store.snapshot(key).open;
  note('y', 4);
  frame();
  expect(store.snapshot(key).open).toBe(settled);
});

test('an event that was opened before those that were asked for is in front of them, and so is not the latest', () => {
  const { store, reply, note, synced } = fakeStore();
  store.follow(key, 10, () => {});
  reply('2', 'b', 5);
  reply('1', 'a', 5, false); // told at joining
  synced();
  frame();
  expect(shown(store)).toEqual(['a@e:5 b@e:5', 'b@e:5 a@e:5']);
  note('x', 6);
  reply('3', 'c', 6, false); // its record was lost while nobody listened
  reply('1', 'a', 7, undefined, 'done');
  frame();
  expect(shown(store)).toEqual(['a@e:7 b@e:5 x@e:6 c@e:6', 'b@e:5 c@e:6']);
});

test('a row that was dropped does not come back with the next growth', () => {
  const { store, reply } = fakeStore();
  store.follow(key, 1, () => {});
  reply('1', 'a', 1);
  reply('2', 'b', 2);
  frame();
  reply('1', 'aa', 2, false);
  frame();
  reply('1', 'aa', 3, undefined, 'done');
  frame();
  expect(shown(store)).toEqual(['b@e:2', 'b@e:2']);
  expect(store.snapshot(key).dropped).toBe(1);
});

test('members who come and go push no event of the log out, and are bounded themselves', () => {
  const { store, note, viewer } = fakeStore();
  store.follow(key, 2, () => {});
  note('x', 1);
  note('y', 2);
  for (const id of ['1', '2', '3']) {
    viewer(id, `viewer ${id}`);
    viewer(id, `viewer ${id}`, 'left');
    frame();
  }
  expect(shown(store)).toEqual(['x@e:1 y@e:2 viewer 2@e:1 viewer 3@e:1', '']);
  expect(store.snapshot(key).dropped).toBe(1);
  note('z', 3);
  frame();
  expect(shown(store)).toEqual(['y@e:2 viewer 2@e:1 viewer 3@e:1 z@e:3', '']);
  expect(store.snapshot(key).dropped).toBe(2);
});

test('older events are those before the oldest record, and none is shown twice', async () => {
  const { store, reply, viewer, history } = fakeStore();
  store.follow(key, 10, () => {});
  viewer('v', 'Ada');
  reply('1', 'as it is', 9, false); // told at joining: where it was opened is not known
  frame();
  history.mockResolvedValue({
    items: [
      { cursor: 'e:5', event: { event_type: 'note', timestamp, data: { text: 'old' } } },
      {
        cursor: 'e:6',
        event: {
          ...{ event_type: 'reply', timestamp, data: { agent_id: 'a', text: 'as it is' } },
          open: { id: '1', kind: 'growing', state: 'open', field: 'text' },
        },
      },
      { cursor: 'e:9', event: { event_type: 'note', timestamp, data: { text: 'last' } } },
    ],
    ...{ gaps: [], next: 'e:9', previous: null, atEnd: true },
  });
  await store.loadOlder(key, 10);
  expect(history.mock.calls[0]?.[0]).toMatchObject({ before: undefined });
  expect(shown(store)[0]).toBe('old@e:5 last@e:9 as it is@e:9 Ada@e:1');
});

test('an event that was erased is not open either', () => {
  const { store, reply, gap } = fakeStore();
  store.follow(key, 10, () => {});
  reply('1', 'a', 1);
  reply('2', 'b', 2);
  gap('e:0', 'e:1');
  frame();
  expect(shown(store)).toEqual(['b@e:2', 'b@e:2']);
});

test('[V7] an event that was erased goes wherever it was told first, and none that was told in its place', () => {
  const { store, note, reply, gap } = fakeStore();
  store.follow(key, 10, () => {});
  note('x', 5);
  reply('1', 'joined', 5, false);
  reply('2', 'kept', 5, false);
  reply('3', 'a', 6);
  frame();
  gap('e:0', 'e:5', ['1']);
  frame();
  expect(shown(store)).toEqual(['kept@e:5 a@e:6', 'kept@e:5 a@e:6']);
  reply('3', 'ab', 6, false);
  gap('e:5', 'e:6', ['3']);
  frame();
  expect(shown(store)).toEqual(['kept@e:5', 'kept@e:5']);
});

test('[O11] members that are counted are not listed, until they are told one by one again', () => {
  const { store, viewer, count } = fakeStore();
  store.follow(key, 0, () => {});
  viewer('1', 'Ada');
  frame();
  expect(store.snapshot(key).open).toHaveLength(1);
  count(501, false);
  frame();
  expect(store.snapshot(key)).toMatchObject({ open: [], counts: { viewer: 501 } });
  viewer('2', 'me'); // one's own is told nevertheless
  count(502);
  frame();
  expect(store.snapshot(key)).toMatchObject({ counts: { viewer: 502 }, open: [{ data: { name: 'me' } }] });
  viewer('2', 'me', 'left');
  count(450, true);
  viewer('1', 'Ada');
  frame();
  expect(store.snapshot(key)).toMatchObject({ counts: {}, open: [{ data: { name: 'Ada' } }] });
  viewer('1', 'Ada', 'left');
  frame();
  expect(store.snapshot(key).open).toEqual([]);
});

test('[O11] members are counted in their own topic alone', () => {
  const { store, viewer, count } = fakeStore();
  const both = feedKey({ topics: [topic, 'other'] });
  store.follow(both, 0, () => {});
  viewer('1', 'Ada', 'open', topic);
  viewer('2', 'Eve', 'open', 'other');
  count(501, false, 'other');
  frame();
  expect(store.snapshot(both)).toMatchObject({ open: [{ data: { name: 'Ada' } }], counts: {} });
});

test('components that join alike are one member, with the data of the last, and it leaves once nobody is left', async () => {
  const { store, join } = fakeStore();
  const member = { id: 'v', update: vi.fn(async () => {}), close: vi.fn(async () => {}) };
  join.mockResolvedValue(member);
  const first = store.join('viewer', topic, { name: 'Ada' });
  first(); // as StrictMode does
  const second = store.join('viewer', topic, { name: 'Ada' });
  const third = store.join('viewer', topic, { name: 'Eve' });
  await vi.advanceTimersByTimeAsync(5000);
  expect(join.mock.calls).toEqual([['viewer', { name: 'Ada' }, { topic }]]);
  expect(member.update.mock.calls).toEqual([[{ name: 'Eve' }]]);
  third();
  expect(member.update.mock.calls.at(-1)).toEqual([{ name: 'Ada' }]);
  second();
  await vi.advanceTimersByTimeAsync(999);
  expect(member.close).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  expect(member.close).toHaveBeenCalledOnce();
});

test('joining is tried again while no server answers, and given up where it is refused, or nobody wants it any more', async () => {
  const { store, join, onError } = fakeStore();
  join.mockRejectedValueOnce(new EventsError('UNAVAILABLE', 'not now'));
  join.mockRejectedValueOnce(new EventsError('FORBIDDEN', 'not you'));
  const leave = store.join('viewer', topic, { name: 'Ada' });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(join).toHaveBeenCalledTimes(2);
  expect(onError.mock.calls).toMatchObject([[{ code: 'FORBIDDEN' }]]);
  leave();
  await vi.advanceTimersByTimeAsync(2000);

  join.mockRejectedValue(new EventsError('UNAVAILABLE', 'not now'));
  store.join('viewer', topic, { name: 'Ada' })();
  await vi.advanceTimersByTimeAsync(60_000);
  const calls = join.mock.calls.length;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(join).toHaveBeenCalledTimes(calls);
  expect(vi.getTimerCount()).toBe(0);
});
