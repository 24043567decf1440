import { expect, test } from 'vitest';
import { requireOpenSets } from '../../server/broker/require-open-sets.ts';
import { EventsError } from '../../shared/index.ts';
import { overriding } from '../faults/open/overriding.ts';
import { logged, openSet } from '../open/world.ts';
import { settled } from '../support/turns.ts';
import { followed, gate, runWorld, topic, untilAborted } from './world.ts';

test('a manager that is closed ends its runs at once, as lost, and its work is told', async () => {
  const world = runWorld();
  const stays = overriding(world.broker, { close: async () => {} }); // a node's own is closed, and not that of all
  const [manager, other] = [world.make({ broker: stays }), world.make()];
  const run = await world.runsOf(manager).start(
    async (own) => {
      const reply = await own.begin('reply', { agent_id: 'shadow', text: '' });
      void reply.append('Let me');
      await untilAborted(own);
    },
    { id: 'r1' },
  );
  const watched = followed(world.runsOf(other).follow('r1'));
  const again = await world.runsOf(other).start(untilAborted, { id: 'r1' });
  const ended = again.ended;
  await settled();
  await manager.close();
  expect(await run.ended).toMatchObject({ state: 'lost', outcome: '' });
  expect(run.signal?.reason).toMatchObject({ name: 'AbortError', message: 'The event manager was closed' });
  expect((await watched).words.at(-1)).toBe('run aborted');
  expect(await ended).toMatchObject({ state: 'lost' });
  expect(await world.runsOf(other).status('r1')).toMatchObject({ state: 'lost' });
  expect(await openSet(world, topic)).toEqual([]);
  const ends = (await logged(world, topic)).filter(({ open }) => open?.state !== 'open');
  expect(ends).toMatchObject([
    { event_type: 'reply', data: { text: 'Let me' }, open: { state: 'aborted' } },
    { event_type: 'run', open: { state: 'aborted', reason: 'closed' } },
  ]);
});

test('a run that has ended, and one of another manager, are as they were', async () => {
  const world = runWorld();
  const stays = overriding(world.broker, { close: async () => {} });
  const manager = world.make({ broker: stays });
  const done = await world.runsOf(manager).start(() => {}, { id: 'r1' });
  await done.ended;
  const others = await world.of.start(untilAborted, { id: 'r2' });
  await manager.close();
  expect(others.signal?.aborted).toBe(false);
  expect(await world.of.status('r1')).toMatchObject({ state: 'done' });
  expect(await world.of.status('r2')).toMatchObject({ state: 'running' });
});

test('a run whose lease is over while its process sleeps is lost to all, and its work is told when it wakes', async () => {
  const world = runWorld({ leaseMs: 10_000 });
  let isAsleep = false;
  const sets = requireOpenSets(world.broker);
  const touch: typeof sets.touch = (...call) => {
    if (isAsleep) throw new EventsError('UNAVAILABLE', 'asleep');
    return sets.touch(...call);
  };
  const sleeper = world.make({ broker: overriding(world.broker, { open: overriding(sets, { touch }) }) });
  const run = await world.runsOf(sleeper).start(untilAborted, { id: 'r1' });
  await world.clock.advance(60_000);
  expect(await world.of.status('r1')).toMatchObject({ state: 'running' }); // the control: it is awake
  isAsleep = true;
  const watched = followed(world.of.follow('r1'));
  await world.clock.advance(15_000);
  expect((await watched).words.at(-1)).toBe('run aborted');
  expect(await world.of.status('r1')).toMatchObject({ state: 'lost' });
  expect(run.signal?.aborted).toBe(false);
  isAsleep = false;
  await world.clock.advance(5_000);
  expect(run.signal?.reason).toMatchObject({ name: 'AbortError', message: expect.stringContaining('lease') });
  expect(await run.ended).toMatchObject({ state: 'lost', outcome: '' });
});

test('an outage at the end of a run delays its end', async () => {
  const world = runWorld();
  let isOut = false;
  const sets = requireOpenSets(world.broker);
  const settle: typeof sets.settle = (...call) => {
    if (isOut) throw new EventsError('UNAVAILABLE', 'out');
    return sets.settle(...call);
  };
  const manager = world.make({ broker: overriding(world.broker, { open: overriding(sets, { settle }) }) });
  const { opened, open } = gate();
  const run = await world.runsOf(manager).start(async () => {
    await opened;
    throw new Error('no tokens');
  });
  isOut = true;
  open();
  await world.clock.advance(60_000);
  expect(await world.of.status(run.id)).toMatchObject({ state: 'running' });
  isOut = false;
  await world.clock.advance(1_000);
  expect(await run.ended).toMatchObject({ state: 'failed', outcome: 'no tokens' });
});
