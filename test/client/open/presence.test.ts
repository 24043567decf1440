import { afterEach, expect, test, vi } from 'vitest';
import { openCatalog as catalog, openWorld } from '../../open/world.ts';
import { connect } from '../connect.ts';
import { eventually } from '../eventually.ts';
import { retrySoon } from '../retry-soon.ts';
import { startTestServer } from '../test-server.ts';
import { arrivals, told } from './arrivals.ts';

retrySoon();
afterEach(() => {
  vi.unstubAllGlobals();
});

const topic = 'run-42';

/** A server whose leases go by a clock of the test's. */
async function start() {
  const { clock, manager } = openWorld();
  return Object.assign(await startTestServer({ catalog, manager }), { clock });
}

/**
 * Waits for calls, while the server's time goes on, no faster than the client's. An update that follows another within 50 ms
 * waits for that time; which of a member's do depends on when its client finds that it was lost: half of a lease later by itself.
 */
async function whileTimeGoesOn<T>(
  { clock }: Awaited<ReturnType<typeof start>>,
  calls: Promise<T>,
): Promise<T> {
  let passed = Promise.resolve();
  const passing = setInterval(() => {
    passed = passed.then(() => clock.advance(50));
  }, 50);
  return calls.finally(() => clearInterval(passing));
}

test('a member is there until it leaves, and its data is what it said last', async () => {
  await using server = await start();
  await using client = connect({ url: server.wsUrl, catalog });
  await using other = connect({ url: server.wsUrl, catalog });
  const { objects, ready } = arrivals(other, 'viewer', { topic });
  await ready;
  const me = await client.join('viewer', { name: 'Ada' }, { topic });
  await me.update({ name: 'Ada L.' });
  await server.clock.advance(60); // updates are joined for 50 ms
  await eventually(() => expect(told(objects, 'name')).toEqual(['Ada open', 'Ada L. open']));
  expect(await other.open({ topic })).toMatchObject({ items: [{ event: { open: { id: me.id } } }] });
  await me.close();
  await me.close();
  await eventually(() => expect(told(objects.slice(2), 'name')).toEqual(['Ada L. left']));
  expect(new Set(objects.map(({ open, stored }) => `${open?.id} ${stored}`))).toEqual(
    new Set([`${me.id} false`]),
  );
});

test('a client that is closed leaves, and one that joins late sees who is there', async () => {
  await using server = await start();
  await using other = connect({ url: server.wsUrl, catalog });
  const client = connect({ url: server.wsUrl, catalog });
  await client.join('viewer', { name: 'Ada' }, { topic });
  const { objects } = arrivals(other, 'viewer', { topic });
  await eventually(() => expect(told(objects, 'name')).toEqual(['Ada open']));
  await client.close();
  await eventually(() => expect(told(objects.slice(1), 'name')).toEqual(['Ada left']));
});

test('[O8] a member that dies is lost when its lease is over', async () => {
  await using server = await start();
  await using other = connect({ url: server.wsUrl, catalog });
  const { objects, ready } = arrivals(other, 'viewer', { topic });
  await ready;
  // It never renews: who begins it makes single calls.
  await server.manager.opens.begin('viewer', { name: 'Ada' }, { topic });
  await eventually(() => expect(told(objects, 'name')).toEqual(['Ada open']));
  await server.clock.advance(14_000);
  expect(objects).toHaveLength(1);
  await server.clock.advance(6_000);
  await eventually(() => expect(told(objects, 'name')).toEqual(['Ada open', 'Ada lost']));
});

test('a member keeps its lease through lost connections, and is the same', async () => {
  await using server = await start();
  await using client = connect({ url: server.wsUrl, catalog });
  await using other = connect({ url: server.wsUrl, catalog });
  const { objects, ready } = arrivals(other, 'viewer', { topic });
  await ready;
  const me = await client.join('viewer', { name: 'Ada' }, { topic, leaseMs: 1000 });
  const touch = vi.spyOn(server.manager.opens, 'touch');
  for (let round = 0; round < 3; round++) {
    server.drop();
    touch.mockClear();
    await eventually(() => expect(touch).toHaveBeenCalled()); // half of its lease later
    await server.clock.advance(900);
  }
  expect(told(objects, 'name')).toEqual(['Ada open']);
  expect((await client.open({ topic })).items.map(({ event }) => event.open?.id)).toEqual([me.id]);
});

test('a member that leaves while its connection is away renews its lease no more', async () => {
  await using server = await start();
  await using client = connect({ url: server.wsUrl, catalog });
  const me = await client.join('viewer', { name: 'Ada' }, { topic, leaseMs: 1000 });
  const stays = await client.join('viewer', { name: 'Eve' }, { topic, leaseMs: 1000 });
  server.refusing = true;
  server.drop();
  await eventually(() => expect(client.connection.state.status).toBe('reconnecting'));
  await me.close();
  const touch = vi.spyOn(server.manager.opens, 'touch');
  server.refusing = false;
  const touched = () => touch.mock.calls.flatMap(([{ ids }]) => ids);
  // Each half of a lease: by the third time whoever renews at all has done so.
  await eventually(() => expect(touched().filter((id) => id === stays.id).length).toBeGreaterThan(2));
  expect(touched()).not.toContain(me.id);
  await expect(me.update({ name: 'Ada again' })).rejects.toMatchObject({ code: 'ALREADY_SETTLED' });
  await server.clock.advance(2000);
  expect((await client.open({ topic })).items.map(({ event }) => event.open?.id)).not.toContain(me.id);
});

test('a member whose page slept is lost, and joins again when the page is looked at', async () => {
  await using server = await start();
  await using client = connect({ url: server.wsUrl, catalog });
  await using other = connect({ url: server.wsUrl, catalog });
  const { objects, ready } = arrivals(other, 'viewer', { topic });
  await ready;
  const page = Object.assign(new EventTarget(), { visibilityState: 'hidden' });
  vi.stubGlobal('document', page);
  const me = await client.join('viewer', { name: 'Ada' }, { topic, leaseMs: 1000 });
  const { id } = me;
  const touch = vi.spyOn(server.manager.opens, 'touch');
  await server.clock.advance(2000);
  await eventually(() => expect(told(objects, 'name')).toEqual(['Ada open', 'Ada lost']));
  await eventually(() => expect(touch).toHaveBeenCalled()); // and is told that it is not open
  page.dispatchEvent(new Event('visibilitychange'));
  await client.stats();
  expect(await client.open({ topic })).toMatchObject({ items: [] });
  page.visibilityState = 'visible';
  page.dispatchEvent(new Event('visibilitychange'));
  await eventually(() => expect(told(objects, 'name').at(-1)).toBe('Ada open'));
  expect(me.id).not.toBe(id);
  expect(objects.at(-1)?.open?.id).toBe(me.id);
  await me.close();
  await eventually(() => expect(told(objects, 'name').at(-1)).toBe('Ada left'));
});

test('data that is refused does not keep the next from being sent, and a member that is found lost joins once', async () => {
  await using server = await start();
  await using client = connect({ url: server.wsUrl, catalog });
  const me = await client.join('viewer', { name: 'Ada' }, { topic });
  await expect(me.update({ name: 7 as never })).rejects.toMatchObject({ code: 'INVALID_EVENT' });
  await whileTimeGoesOn(server, me.update({ name: 'Eve' }));
  await server.clock.advance(20_000);
  expect(await client.open({ topic })).toMatchObject({ items: [] });
  const updates = [me.update({ name: 'Ida' }), me.update({ name: 'Ina' })];
  await whileTimeGoesOn(server, Promise.all(updates));
  const { items } = await client.open({ topic });
  expect(items.map(({ event }) => event.data)).toEqual([{ name: 'Ina' }]);
});

test('[O11] more than 500 members are told by their number, and handlers hear of none of them', async () => {
  await using server = await start();
  await using client = connect({ url: server.wsUrl, catalog });
  for (let n = 0; n < 501; n++) await server.manager.opens.begin('viewer', { name: `${n}` }, { topic });
  const onCount = vi.fn();
  const { objects } = arrivals(client, 'viewer', { topic, onCount });
  await eventually(() =>
    expect(onCount).toHaveBeenCalledWith({ type: 'viewer', count: 501, each: false }, { topic }),
  );
  expect(objects).toEqual([]);
  const all = arrivals(client, 'viewer', { topic, members: 'all' });
  await eventually(() => expect(all.objects).toHaveLength(501));
});
