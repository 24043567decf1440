import { QueryClient, QueryObserver } from '@tanstack/react-query';
import { expect, test, vi } from 'vitest';
import * as z from 'zod';
import { createClient, type EventsClient } from '../../client/index.ts';
import { type InvalidateOptions, invalidateOn, type StaleKeys } from '../../client/store/index.ts';
import { EventManager, MemoryBroker } from '../../server/index.ts';
import { defineEvents } from '../../shared/index.ts';
import { startTestServer } from './test-server.ts';

const orders = defineEvents({
  order_status: z.object({ id: z.number(), status: z.string() }),
  order_note: z.object({ id: z.number() }),
});
type Orders = typeof orders;

/** Fetches of a query that is shown. Each is answered when the test lets it, or at once. */
function show(queries: QueryClient, key: readonly unknown[], isHeld = false) {
  const answers: (() => void)[] = [];
  const shown = { fetches: 0, isHeld, answer: () => answers.shift()?.() };
  const observer = new QueryObserver(queries, {
    queryKey: key,
    queryFn: async () => {
      const number = ++shown.fetches;
      if (shown.isHeld) await new Promise<void>((resolve) => answers.push(resolve));
      return number;
    },
    staleTime: Number.POSITIVE_INFINITY,
  });
  observer.subscribe(() => {});
  return shown;
}

const fast = { waitMs: 5 };

async function setUp(
  keys: StaleKeys<Orders> = { order_status: ({ data }) => ['order', data.id] },
  options: InvalidateOptions<Orders> = {},
  maxRecords = 100_000,
) {
  const manager = new EventManager({
    broker: new MemoryBroker({ maxRecords }),
    catalog: orders,
    lingerMs: 1,
  });
  const server = await startTestServer({ manager, catalog: orders });
  const client = createClient({ url: server.wsUrl, catalog: orders });
  const queries = new QueryClient();
  const calls = vi.spyOn(queries, 'invalidateQueries');
  const errors: Error[] = [];
  const stop = invalidateOn(client, queries, keys, {
    ...fast,
    onError: (error) => errors.push(error),
    ...options,
  });
  const publish = (id: number, status = 'sent') => manager.publish('order_status', { id, status });
  /** Everything that was published has arrived, and what it made stale is being fetched. */
  const level = async () => {
    const before = calls.mock.calls.length;
    await publish(-1);
    await expect.poll(() => calls.mock.calls.length).toBeGreaterThan(before);
  };
  return {
    ...{ server, manager, client, queries, calls, errors, stop, publish, level },
    /** The subscription has begun, and what was answered before is stale. */
    begun: () => expect.poll(() => calls.mock.calls.length).toBe(1),
    async [Symbol.asyncDispose]() {
      stop();
      queries.clear();
      await client.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

test('an event makes its queries stale: those that are shown are fetched again, and no others', async () => {
  await using it = await setUp({
    order_status: [({ data }) => ['order', data.id], () => ['orders']],
    order_note: ({ data }) => (data.id === 7 ? ['notes'] : undefined),
  });
  await it.begun();
  const [seven, lines, eight, list, notes] = [
    ['order', 7],
    ['order', 7, { part: 'lines' }],
    ['order', 8],
    ['orders', { page: 1 }],
    ['notes'],
  ].map((key) => show(it.queries, key));
  it.queries.setQueryData(['order', 7, 'not shown'], 1);
  await it.publish(7);
  await expect.poll(() => [seven?.fetches, lines?.fetches, list?.fetches]).toEqual([2, 2, 2]);
  expect(it.queries.getQueryState(['order', 7, 'not shown'])).toMatchObject({ isInvalidated: true });
  expect([eight?.fetches, notes?.fetches]).toEqual([1, 1]);
  await it.manager.publish('order_note', { id: 8 });
  await it.manager.publish('order_note', { id: 7 });
  await expect.poll(() => notes?.fetches).toBe(2);
  expect([seven?.fetches, eight?.fetches, list?.fetches]).toEqual([2, 1, 2]);
  expect(it.errors).toEqual([]);
});

test('a gap makes all queries stale, also those of which no event was ever seen; `within` names them', async () => {
  for (const within of [undefined, [['order']]]) {
    await using it = await setUp(undefined, { within }, 3);
    await it.begun();
    const never = show(it.queries, ['order', 7]);
    const other = show(it.queries, ['weather']);
    await it.level();
    it.server.refusing = true;
    it.server.drop();
    // The process forgets what it holds in memory: the log alone is left.
    await expect.poll(() => it.manager.stats().topics).toEqual([]);
    await it.publish(7); // it will be trimmed
    for (let id = 100; id < 110; id++) await it.publish(id);
    expect(never.fetches).toBe(1);
    it.server.refusing = false;
    it.client.connection.retry();
    await expect.poll(() => never.fetches).toBe(2);
    await it.level();
    expect(other.fetches).toBe(within ? 1 : 2);
  }
});

test('after a reconnect without a gap, what was missed makes its queries stale, and nothing else', async () => {
  await using it = await setUp();
  await it.begun();
  const [seven, eight] = [show(it.queries, ['order', 7]), show(it.queries, ['order', 8])];
  await it.level();
  const before = it.calls.mock.calls.length;
  it.server.drop();
  await expect.poll(() => it.server.connections).toBe(2);
  await expect.poll(() => it.client.connection.state.status).toBe('live');
  await it.level();
  expect(it.calls.mock.calls.length).toBe(before + 1); // that of `level`
  it.server.refusing = true;
  it.server.drop();
  await it.publish(7);
  it.server.refusing = false;
  it.client.connection.retry();
  await expect.poll(() => seven.fetches).toBe(2);
  await it.level();
  expect([seven.fetches, eight.fetches]).toEqual([2, 1]);
});

test('a burst of 1000 events is a few calls, and the last fetch begins after the last event', async () => {
  await using it = await setUp({ order_status: ({ data }) => ['order', data.id % 10] }, { waitMs: 50 });
  await it.begun();
  let stored = 0;
  let seen = 0;
  const observer = new QueryObserver(it.queries, {
    queryKey: ['order', 9],
    queryFn: () => {
      seen = stored;
      return stored;
    },
    staleTime: Number.POSITIVE_INFINITY,
  });
  let fetches = 0;
  it.queries.getQueryCache().subscribe((event) => {
    if (event.type === 'updated' && event.action.type === 'fetch') fetches++;
  });
  observer.subscribe(() => {});
  const [calls, began] = [it.calls.mock.calls.length, performance.now()];
  for (let batch = 0; batch < 10; batch++) {
    const events = Array.from({ length: 100 }, (_, i) => ({
      event_type: 'order_status' as const,
      data: { id: batch * 100 + i, status: 'sent' },
    }));
    await it.manager.publishBatch(events);
    stored += 100;
  }
  await expect.poll(() => seen).toBe(1000);
  const most = 2 + Math.ceil((performance.now() - began) / 50);
  expect(it.calls.mock.calls.length - calls).toBeLessThanOrEqual(most);
  expect(fetches).toBeLessThanOrEqual(1 + 2 * most);
});

test('a query that is being fetched at an event, for the first time or again, is fetched once more: its answer may be of before', async () => {
  await using it = await setUp();
  await it.begun();
  const first = show(it.queries, ['order', 7], true);
  const again = show(it.queries, ['order', 8]);
  await expect.poll(() => it.queries.getQueryData(['order', 8])).toBe(1);
  again.isHeld = true;
  void it.queries.invalidateQueries({ queryKey: ['order', 8] });
  await expect.poll(() => again.fetches).toBe(2);
  await it.publish(7);
  await it.publish(8);
  await it.level();
  await it.publish(8);
  await it.level();
  // Nothing was cancelled, and nothing is fetched twice at a time.
  expect([first.fetches, again.fetches]).toEqual([1, 2]);
  for (const each of [first, again]) {
    each.isHeld = false;
    each.answer();
  }
  await expect.poll(() => [first.fetches, again.fetches]).toEqual([2, 3]);
  await it.level();
  expect([first.fetches, again.fetches]).toEqual([2, 3]);

  let open = (_: string) => {};
  const gate = new Promise<string>((resolve) => {
    open = resolve;
  });
  const slow = it.queries.fetchQuery({ queryKey: ['order', 10], queryFn: () => gate });
  await it.publish(10);
  await it.level();
  open('of before');
  expect(await slow).toBe('of before'); // not cancelled: whoever awaits it has it
  await expect.poll(() => it.queries.getQueryState(['order', 10])?.isInvalidated).toBe(true);
});

test('answers from before the subscription began are asked for again, once; with `since` events tell', async () => {
  const manager = new EventManager({ broker: new MemoryBroker(), catalog: orders });
  await using server = await startTestServer({ manager, catalog: orders });
  server.refusing = true;
  const client = createClient({ url: server.wsUrl, catalog: orders });
  const queries = new QueryClient();
  const [seven, eight] = [show(queries, ['order', 7]), show(queries, ['order', 8])];
  const { cursor } = await manager.publish('order_status', { id: 1, status: 'sent' });
  const stops = [
    invalidateOn(
      client,
      queries,
      { order_status: ({ data }) => ['order', data.id] },
      { ...fast, since: cursor },
    ),
  ];
  await manager.publish('order_status', { id: 7, status: 'sent' }); // nobody follows yet
  server.refusing = false;
  client.connection.retry();
  await expect.poll(() => seven.fetches).toBe(2);
  expect(eight.fetches).toBe(1);
  stops.push(invalidateOn(client, queries, { order_note: () => ['notes'] }, fast));
  await expect.poll(() => [seven.fetches, eight.fetches]).toEqual([3, 2]);
  for (const stop of stops) stop();
  queries.clear();
  await client.close();
});

test('a key’s function that throws is told, and its event makes everything stale; so is a query client that fails', async () => {
  await using it = await setUp({
    order_status({ data }) {
      if (data.id === 13) throw new Error('no key');
      return ['order', data.id];
    },
  });
  await it.begun();
  const seven = show(it.queries, ['order', 7]);
  await it.publish(13);
  await expect.poll(() => seven.fetches).toBe(2);
  expect(it.errors).toMatchObject([{ message: 'no key' }]);
  it.calls.mockRejectedValueOnce(new Error('rejects'));
  await it.publish(7);
  await expect.poll(() => it.errors).toMatchObject([{ message: 'no key' }, { message: 'rejects' }]);
  await it.publish(7);
  await expect.poll(() => seven.fetches).toBe(3);
});

test('a subscription that is refused for good is told, once', async () => {
  await using it = await setUp({ order_stauts: () => ['orders'] } as StaleKeys<Orders>);
  await expect.poll(() => it.errors).toMatchObject([{ code: 'INVALID_OPTION' }]);
  expect(() => invalidateOn(it.client, it.queries, {})).toThrow(TypeError);
});

test.each([Number.NaN, -1, Number.POSITIVE_INFINITY, 2 ** 31])('a waitMs of %s is refused', (waitMs) => {
  const client = {} as EventsClient<Orders>; // which is not asked
  const start = () => invalidateOn(client, new QueryClient(), { order_status: () => ['orders'] }, { waitMs });
  expect(start).toThrow(/^invalidateOn: waitMs must be 0 to 2147483647 ms/);
});

test('a stop ends the subscription, and drops what waits; control: another that goes on', async () => {
  await using it = await setUp(undefined, { waitMs: 60_000, since: { last: 1 } });
  const control = new QueryClient();
  const controlled = vi.spyOn(control, 'invalidateQueries');
  const stopControl = invalidateOn(it.client, control, { order_status: () => ['orders'] }, fast);
  const seven = show(it.queries, ['order', 7]);
  await expect.poll(() => controlled.mock.calls.length).toBe(1);
  await expect.poll(() => it.manager.stats().subscribers).toBe(2);
  await it.publish(7);
  await expect.poll(() => controlled.mock.calls.length).toBe(2);
  it.stop();
  await expect.poll(() => it.manager.stats().subscribers).toBe(1);
  await it.publish(7);
  await expect.poll(() => controlled.mock.calls.length).toBe(3);
  expect(it.calls).not.toHaveBeenCalled();
  expect(seven.fetches).toBe(1);
  expect(it.queries.getQueryState(['order', 7])).toMatchObject({ isInvalidated: false });
  stopControl();
});
