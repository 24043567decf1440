import { expect, test } from 'vitest';
import { openSet, openWorld, refused, shadow } from './world.ts';

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
