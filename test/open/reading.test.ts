import { expect, test, vi } from 'vitest';

import { openSetsOf, TopicOpen } from '../../server/event-manager/reading/topic-open.ts';
import { openCatalog, openWorld, shadow } from './world.ts';

test('readers who ask at once share readings of the open set, and none of them gets one from before', async () => {
  const { broker, manager } = openWorld();
  const read = broker.open.read.bind(broker.open);
  let release = (): void => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const reading = vi.spyOn(broker.open, 'read').mockImplementation(async (topic) => {
    const set = await read(topic);
    await gate;
    return set;
  });
  const sets = openSetsOf(openCatalog, broker);
  const open = sets && new TopicOpen('default', sets, (record) => record);
  const first = open?.read();
  await manager.opens.begin('viewer', { name: 'Ada' });
  const others = Array.from({ length: 20 }, () => open?.read());
  release();
  expect((await first)?.events).toHaveLength(0);
  for (const set of await Promise.all(others)) expect(set?.events).toHaveLength(1);
  expect(reading).toHaveBeenCalledTimes(2);
  await open?.read();
  expect(reading).toHaveBeenCalledTimes(3);
  await manager.close();
});

test('a large open set is looked at in turns of the event loop', async () => {
  const { manager } = openWorld();
  for (let count = 0; count < 12; count++)
    await manager.opens.begin('reply', { ...shadow, text: 'z'.repeat(250_000) });
  let turns = 0;
  let isOver = false;
  const count = (): void => {
    turns++;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  const { items } = await manager.openEvents();
  isOver = true;
  expect(items).toHaveLength(12);
  expect(turns).toBeGreaterThan(1);
  await manager.close();
});
