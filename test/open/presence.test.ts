import { expect, test } from 'vitest';
import { logged, openSet, openWorld, refused, shadow } from './world.ts';

test('a presence is no record; of updates within 50 ms the last is told', async () => {
  const world = openWorld();
  const { opens } = world.manager;
  const owner = { ...(await opens.begin('viewer', { name: 'Ada' }, { by: 'ada' })), by: 'ada' };
  await opens.update({ ...owner, data: { name: 'B' } });
  const [{ rev = 0 } = {}] = await openSet(world);
  const more = [
    opens.update({ ...owner, data: { name: 'C' } }),
    opens.update({ ...owner, data: { name: 'D' } }),
  ];
  await expect(opens.update({ ...owner, data: { name: 4 } })).rejects.toEqual(refused('INVALID_EVENT'));
  await world.clock.advance(50);
  await Promise.all(more);
  const [event] = await openSet(world);
  expect(event?.rev).toBe(rev + 1);
  expect(JSON.parse(event?.entry.json ?? '')).toMatchObject({
    ...{ data: { name: 'D' }, by: 'ada', stored: false },
    open: { id: owner.id, kind: 'presence', state: 'open' },
  });
  await opens.settle({ ...owner, state: 'left' });
  expect(await openSet(world)).toEqual([]);
  expect(await logged(world)).toEqual([]);
  expect(world.manager.stats().published).toMatchObject({ viewer: 0 });
});

test('data arrives as it was accepted, half of a surrogate pair too', async () => {
  const world = openWorld();
  const { opens } = world.manager;
  const name = 'a\ud83d';
  const owner = await opens.begin('viewer', { name: 'Ada' });
  await opens.update({ ...owner, by: undefined, data: { name } });
  await opens.begin('approval', { tool: name });
  const { items } = await world.make().openEvents();
  expect(items.map(({ event }) => event.data)).toEqual([{ name }, { tool: name }]);
  expect((await openSet(world)).some(({ entry }) => /\p{Cs}/u.test(entry.json))).toBe(false); // so that any broker keeps it
});

test('an ephemeral event is announced, and never stored', async () => {
  const world = openWorld();
  const told: unknown[] = [];
  const { open } = world.broker;
  await world.broker.tail('default', {
    start() {},
    records: () => told.push('record'),
    gap() {},
    open: { set() {}, change() {}, ephemeral: ({ json }) => told.push(JSON.parse(json)) },
  });
  const { cursor } = await world.manager.publish('note', { text: 'x' });
  expect(await world.manager.publish('typing', { who: 'Ada' }, { by: 'ada' })).toEqual({
    cursor,
    duplicate: false,
  });
  expect(told).toEqual([
    'record',
    {
      ...{ event_type: 'typing', timestamp: expect.any(String), data: { who: 'Ada' } },
      ...{ by: 'ada', stored: false },
    },
  ]);
  expect(await logged(world)).toHaveLength(1);
  expect((await open.read('default')).events).toEqual([]);
  expect(world.manager.stats().published).toMatchObject({ typing: 1 });
});

test('events that are begun are not published, and ephemeral ones not in a batch', async () => {
  const world = openWorld();
  const { manager } = world;
  // Plain JavaScript calls it so; types refuse it.
  const publish = (...event: unknown[]): Promise<unknown> => Reflect.apply(manager.publish, manager, event);
  await expect(publish('approval', { tool: 'rm' })).rejects.toEqual(
    refused('INVALID_OPTION', { message: expect.stringContaining("ask('approval'") }),
  );
  await expect(publish('viewer', { name: 'Ada' })).rejects.toEqual(
    refused('INVALID_OPTION', { message: expect.stringContaining("join('viewer'") }),
  );
  await expect(manager.publishBatch([{ event_type: 'typing', data: { who: 'Ada' } }])).rejects.toEqual(
    refused('INVALID_OPTION'),
  );
  expect(await logged(world)).toEqual([]);
  await manager.publish('reply', { ...shadow, text: 'complete' });
  expect((await logged(world))[0]).not.toHaveProperty('open');
});

test('leases are renewed for their owner alone', async () => {
  const world = openWorld();
  const { opens } = world.manager;
  const { id, key } = await opens.begin('viewer', { name: 'Ada' }, { by: 'ada' });
  expect(await opens.touch({ ids: [id, 'viewer.none'], key, by: 'ada' })).toEqual({
    notOpen: ['viewer.none'],
  });
  expect(await opens.touch({ ids: [id], key, by: 'eve' })).toEqual({ notOpen: [id] });
});
