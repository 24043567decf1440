import { expect, test } from 'vitest';
import * as z from 'zod';
import { defineEvents, growing, versions } from '../../shared/index.ts';
import { logged, openSet, openWorld, refused, shadow } from './world.ts';

test('[O1] the settlement is the whole event, after the text that still waits', async () => {
  const world = openWorld();
  const { opens } = world.manager;
  const owner = { ...(await opens.begin('reply', shadow, { by: 'ada' })), by: 'ada' };
  const pieces = ['Let ', 'me ', 'think'];
  let at = 0;
  for (const text of pieces) {
    void opens.append({ ...owner, at, text });
    at += text.length;
  }
  const { cursor } = await opens.settle({ ...owner, state: 'done' });
  const [, settled] = await logged(world);
  expect(settled).toEqual({
    ...{ event_type: 'reply', timestamp: expect.any(String), by: 'ada' },
    data: { agent_id: 'shadow', text: 'Let me think' },
    open: { id: owner.id, kind: 'growing', state: 'done', field: 'text' },
  });
  expect(cursor).toMatch(/:2$/);
  expect(await openSet(world)).toEqual([]);
  await expect(opens.settle({ ...owner, state: 'aborted' })).rejects.toEqual(
    refused('ALREADY_SETTLED', { settled: { id: owner.id, state: 'done', by: 'ada', cursor } }),
  );
  await expect(opens.settle({ ...owner, by: 'eve', state: 'done' })).rejects.toEqual(refused('FORBIDDEN'));
  expect(world.manager.stats().published).toMatchObject({ reply: 2 });
});

test('[O1] text that is appended while the settlement is made is in it', async () => {
  const world = openWorld();
  const [one, other] = [world.manager, world.make()];
  const owner = { ...(await one.opens.begin('reply', shadow)), by: undefined };
  const { open } = world.broker;
  const find = open.find.bind(open);
  let meanwhile = 3;
  open.find = async (...asked) => {
    const found = await find(...asked);
    if (meanwhile-- > 0) await open.append('default', owner, 3 - meanwhile - 1, 'x');
    return found;
  };
  await other.opens.settle({ ...owner, state: 'done' });
  expect(await logged(world)).toMatchObject([{}, { data: { text: 'xxx' } }]);
});

test('an invalid text is not done, and can be aborted', async () => {
  const catalog = defineEvents({ reply: growing(z.object({ text: z.string().max(5) }), 'text') });
  const world = openWorld({ catalog });
  const { opens } = world.manager;
  const owner = { ...(await opens.begin('reply', { text: 'ab' })), by: undefined };
  await opens.append({ ...owner, at: 2, text: 'cdefg' });
  await expect(opens.settle({ ...owner, state: 'done' })).rejects.toEqual(refused('INVALID_EVENT'));
  expect(await openSet(world)).toHaveLength(1);
  expect(world.manager.stats().errors).toMatchObject({ invalid: 1, unavailable: 0 });
  await opens.settle({ ...owner, state: 'aborted', reason: 'too long' });
  expect((await logged(world))[1]).toMatchObject({
    data: { text: 'ab' },
    open: { state: 'aborted', reason: 'too long' },
  });
});

test('a stranger learns nothing of an event that is not valid', async () => {
  const catalog = defineEvents({ reply: growing(z.object({ text: z.string().max(5, 'secret') }), 'text') });
  const world = openWorld({ catalog });
  const { opens } = world.manager;
  const owner = { ...(await opens.begin('reply', { text: 'ab' }, { by: 'ada' })), by: 'ada' };
  await opens.append({ ...owner, at: 2, text: 'cdefg' });
  for (const stranger of [{ by: 'eve' }, { key: 'guess' }])
    await expect(opens.settle({ ...owner, ...stranger, state: 'done' })).rejects.toEqual(
      refused('FORBIDDEN'),
    );
  expect(world.manager.stats().errors.invalid).toBe(0);
  const [before] = await openSet(world);
  await expect(opens.settle({ ...owner, state: 'done' })).rejects.toEqual(refused('INVALID_EVENT')); // the control
  expect(await openSet(world)).toEqual([before]);
});

test('a reason is text of 1000 characters at most, and has no half of a surrogate pair', async () => {
  const world = openWorld();
  const { opens } = world.manager;
  const owner = { ...(await opens.begin('reply', shadow)), by: undefined };
  for (const reason of ['\ud83d', 'a\ude00b', 'x'.repeat(1001)])
    await expect(opens.settle({ ...owner, state: 'aborted', reason })).rejects.toEqual(
      refused('INVALID_OPTION', { issues: [{ path: ['reason'], message: expect.any(String) }] }),
    );
  const reason = '😀'.repeat(500);
  await opens.settle({ ...owner, state: 'aborted', reason });
  expect((await logged(world))[1]).toMatchObject({ open: { state: 'aborted', reason } });
});

test('owners cannot settle as lapses and answers do', async () => {
  const { opens } = openWorld().manager;
  for (const [type, data, states] of [
    ['reply', shadow, ['answered', 'left', 'lost']],
    ['approval', { tool: 'rm' }, ['answered', 'expired', 'done']],
    ['viewer', { name: 'Ada' }, ['lost', 'done']],
  ] as const) {
    const owner = { ...(await opens.begin(type, data)), by: undefined };
    for (const state of states)
      await expect(opens.settle({ ...owner, state })).rejects.toEqual(refused('INVALID_OPTION'));
  }
});

test('data that a transform yielded is settled as it was yielded', async () => {
  const schema = z.object({ day: z.string().transform((text) => new Date(text)), text: z.string().trim() });
  const world = openWorld({ catalog: defineEvents({ reply: growing(schema, 'text') }) });
  const { opens } = world.manager;
  const owner = { ...(await opens.begin('reply', { day: '2026-01-01', text: ' a' })), by: undefined };
  expect(owner.length).toBe(1); // as it was stored
  await opens.append({ ...owner, at: 1, text: 'b' });
  await opens.settle({ ...owner, state: 'done' });
  const { items } = await world.manager.history();
  expect(items.map(({ event }) => event.data)).toEqual([{ day: new Date('2026-01-01'), text: 'ab' }]);
});

test('publishers that are held at an older version begin and settle at it', async () => {
  const catalog = defineEvents({
    reply: growing(
      versions(z.object({ says: z.string() }), [
        z.object({ text: z.string() }),
        ({ says }) => ({ text: says }),
        ({ text }) => ({ says: text }),
      ]),
      'text',
    ),
  });
  const world = openWorld({ catalog, publishAs: { reply: 1 } });
  const { opens } = world.manager;
  const owner = { ...(await opens.begin('reply', { text: 'a' })), by: undefined };
  await opens.append({ ...owner, at: 1, text: 'b' });
  expect((await world.manager.openEvents()).items).toMatchObject([{ event: { data: { text: 'ab' } } }]);
  await opens.settle({ ...owner, state: 'done' });
  expect(await logged(world)).toMatchObject([{ data: { says: 'a' } }, { data: { says: 'ab' } }]);
});
