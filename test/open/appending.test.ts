import { expect, test, vi } from 'vitest';
import * as z from 'zod';
import { EventManager } from '../../server/index.ts';
import { EventsError } from '../../shared/errors.ts';
import { defineEvents, presence } from '../../shared/index.ts';
import { logged, openSet, openWorld, refused, shadow } from './world.ts';

test('[O4] pieces are joined, and each caller has its own answer', async () => {
  const world = openWorld();
  const { opens } = world.manager;
  const owner = { ...(await opens.begin('reply', shadow)), by: undefined };
  expect(await opens.append({ ...owner, at: 0, text: 'a' })).toEqual({ length: 1 });
  const { rev } = (await openSet(world))[0] ?? { rev: 0 };
  const more = [
    opens.append({ ...owner, at: 1, text: 'bc' }),
    opens.append({ ...owner, at: 3, text: '😀' }),
    opens.append({ ...owner, at: 5, text: 'd' }),
  ];
  await world.clock.advance(49);
  expect((await openSet(world))[0]?.grows?.text).toBe('a');
  await world.clock.advance(1);
  expect(await Promise.all(more)).toEqual([{ length: 3 }, { length: 5 }, { length: 6 }]);
  expect(await openSet(world)).toMatchObject([{ rev: rev + 1, grows: { text: 'abc😀d' } }]);
});

test('[O4] joined pieces of which one is there already, or does not follow, are answered one by one', async () => {
  const world = openWorld();
  const { opens } = world.manager;
  const owner = { ...(await opens.begin('reply', shadow)), by: undefined };
  await opens.append({ ...owner, at: 0, text: 'abc' });
  const results = Promise.allSettled([
    opens.append({ ...owner, at: 0, text: 'abc' }), // again
    opens.append({ ...owner, at: 3, text: 'def' }),
    opens.append({ ...owner, at: 3, text: 'xyz' }), // somebody else's
  ]);
  await world.clock.advance(50);
  expect(await results).toEqual([
    { status: 'fulfilled', value: { length: 3 } },
    { status: 'fulfilled', value: { length: 6 } },
    { status: 'rejected', reason: refused('CONFLICT', { length: 6 }) },
  ]);
  expect((await openSet(world))[0]?.grows?.text).toBe('abcdef');
});

test('an impostor’s piece is not joined with the owner’s', async () => {
  const world = openWorld();
  const { opens } = world.manager;
  const owner = { ...(await opens.begin('reply', shadow, { by: 'ada' })), by: 'ada' };
  await opens.append({ ...owner, at: 0, text: 'a' });
  const mine = opens.append({ ...owner, at: 1, text: 'b' });
  const theirs = [
    opens.append({ ...owner, by: 'eve', at: 2, text: 'x' }),
    opens.append({ ...owner, key: 'guess', at: 2, text: 'x' }),
  ];
  for (const piece of theirs) await expect(piece).rejects.toEqual(refused('FORBIDDEN'));
  await world.clock.advance(50);
  expect(await mine).toEqual({ length: 2 });
});

test('text that the catalog would clean, or that is half of a pair, is refused', async () => {
  const { opens } = openWorld().manager;
  const owner = { ...(await opens.begin('reply', shadow)), by: undefined };
  await expect(opens.append({ ...owner, at: 0, text: 'a\u001b[31m' })).rejects.toEqual(
    refused('INVALID_EVENT', {
      issues: [{ path: ['data', 'text'], message: expect.stringContaining('strip') }],
    }),
  );
  await expect(opens.append({ ...owner, at: 0, text: '\ud83d' })).rejects.toEqual(refused('INVALID_OPTION'));
  await expect(opens.append({ ...owner, at: -1, text: 'a' })).rejects.toEqual(refused('INVALID_OPTION'));
  const member = { ...(await opens.begin('viewer', { name: 'Ada' })), by: undefined };
  await expect(opens.append({ ...member, at: 0, text: 'a' })).rejects.toEqual(refused('INVALID_OPTION'));
  await expect(opens.append({ ...owner, id: 'reply.x', at: 0, text: 'a' })).rejects.toEqual(
    refused('NOT_OPEN'),
  );
  await expect(opens.append({ ...owner, id: 'none', at: 0, text: 'a' })).rejects.toEqual(refused('NOT_OPEN'));
});

test('no more text waits than an event may have', async () => {
  const world = openWorld();
  const { opens } = world.manager;
  const owner = { ...(await opens.begin('reply', shadow)), by: undefined };
  await opens.append({ ...owner, at: 0, text: 'a' });
  const large = opens.append({ ...owner, at: 1, text: 'b'.repeat(200_000) });
  const another = opens.append({ ...owner, at: 200_001, text: 'c'.repeat(200_000) });
  await expect(another).rejects.toEqual(refused('OVERLOADED'));
  await world.clock.advance(50);
  expect(await large).toEqual({ length: 200_001 });
});

test('pieces that still wait are stored when the manager closes', async () => {
  const world = openWorld();
  Reflect.set(world.broker, 'close', async () => {}); // it is looked at after that
  const { opens } = world.manager;
  const owner = { ...(await opens.begin('reply', { agent_id: 'shadow', text: '' })), by: undefined };
  const first = opens.append({ ...owner, at: 0, text: 'Let' });
  await first;
  const second = opens.append({ ...owner, at: 3, text: ' me' });
  await Promise.resolve(); // it waits to be joined with more
  await world.manager.close();
  expect(await second).toEqual({ length: 6 });
  expect(await openSet(world)).toMatchObject([{ grows: { text: 'Let me' } }]);
});

test('[V4] an event that newer nodes alone know is not lost to its owner: the call is to be tried again', async () => {
  const world = openWorld();
  const { broker, clock } = world;
  const catalog = defineEvents({ other: presence(z.object({ name: z.string() })) });
  const older = new EventManager({ broker, clock, catalog });
  const owner = {
    ...(await world.manager.opens.begin('reply', { agent_id: 'shadow', text: '' })),
    by: undefined,
  };
  const calls = [
    () => older.opens.append({ ...owner, at: 0, text: 'x' }),
    () => older.opens.settle({ ...owner, state: 'done' }),
  ];
  for (const call of calls) await expect(call()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  const never = { ...owner, id: 'reply.never', at: 0, text: 'x' };
  await expect(older.opens.append(never)).rejects.toMatchObject({ code: 'NOT_OPEN' }); // the control
  expect(await world.manager.opens.append({ ...owner, at: 0, text: 'x' })).toEqual({ length: 1 });
});

test('[O4] a manager’s handle outlives an outage of its broker, and loses no text', async () => {
  const world = openWorld();
  const open = world.broker.open;
  const down = vi.spyOn(open, 'append').mockRejectedValue(new EventsError('UNAVAILABLE', 'down'));
  const reply = await world.manager.begin('reply', shadow);
  await expect(reply.append('so ')).rejects.toEqual(
    refused('UNAVAILABLE', { message: expect.stringContaining('kept') }),
  );
  void reply.append('far');
  await world.clock.advance(50);
  down.mockRestore();
  const done = reply.done();
  await world.clock.advance(200); // pieces are joined
  await done;
  expect((await logged(world)).at(-1)).toMatchObject({ data: { text: 'so far' }, open: { state: 'done' } });
});
