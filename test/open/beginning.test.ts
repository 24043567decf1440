import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { defineEvents, presence } from '../../shared/index.ts';
import { logged, openSet, openWorld, refused, shadow } from './world.ts';

describe('begin', () => {
  test('[O1] an opening is a record, with its part of an open event, its publisher and its trace', async () => {
    const world = openWorld();
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    const { opens } = world.manager;
    const begun = await opens.begin('reply', { ...shadow, text: 'Hm' }, { by: 'ada', traceparent });
    expect(begun).toEqual({
      cursor: expect.stringMatching(/:1$/),
      id: begun.id,
      key: begun.key,
      resumed: false,
      length: 2,
    });
    expect(begun.id).not.toContain(begun.key);
    const open = { id: begun.id, kind: 'growing', state: 'open', field: 'text' };
    expect(await logged(world)).toEqual([
      {
        ...{ event_type: 'reply', timestamp: expect.any(String), data: { ...shadow, text: 'Hm' } },
        ...{ by: 'ada', traceparent, open },
      },
    ]);
    expect(await openSet(world)).toMatchObject([{ grows: { field: 'text', text: 'Hm' }, by: 'ada' }]);
  });

  test('with a key that is open it answers that event, and the length of its text now', async () => {
    const { manager } = openWorld();
    const { opens } = manager;
    const first = await opens.begin('reply', shadow, { key: 'call-1' });
    await opens.append({ ...first, by: undefined, at: 0, text: 'abc' });
    const again = await opens.begin('reply', shadow, { key: 'call-1' });
    expect(again).toEqual({ ...first, resumed: true, length: 3 });
  });

  test('with a key that is settled it answers the settlement', async () => {
    const { manager } = openWorld();
    const { opens } = manager;
    const first = await opens.begin('approval', { tool: 'rm' }, { key: 'call-1', by: 'ada' });
    await opens.answer('approval', { id: first.id, answer: { allow: true }, by: 'boss' });
    const again = await opens.begin('approval', { tool: 'rm' }, { key: 'call-1', by: 'ada' });
    const settled = { id: first.id, state: 'answered', by: 'boss', answer: { allow: true } };
    expect(again).toMatchObject({ id: first.id, resumed: false, settled });
    const stranger = opens.begin('approval', { tool: 'rm' }, { key: 'call-1', by: 'eve' });
    await expect(stranger).rejects.toEqual(refused('FORBIDDEN'));
  });

  test('data that is not valid, or no event to begin, is refused', async () => {
    const world = openWorld();
    const { opens } = world.manager;
    await expect(opens.begin('reply', { agent_id: 1 })).rejects.toEqual(refused('INVALID_EVENT'));
    await expect(opens.begin('note', { text: '' })).rejects.toEqual(
      refused('INVALID_OPTION', { message: expect.stringContaining('reply, approval, viewer') }),
    );
    await expect(opens.begin('typing', { who: '' })).rejects.toEqual(refused('INVALID_OPTION'));
    await expect(opens.begin('toString', {})).rejects.toEqual(refused('UNKNOWN_EVENT'));
    expect(await logged(world)).toEqual([]);
    expect(world.manager.stats().errors.invalid).toBe(1);
  });

  test.each([
    ['reply', { leaseMs: 999 }],
    ['reply', { leaseMs: 3_600_001 }],
    ['reply', { timeoutMs: 5000 }],
    ['approval', { leaseMs: 5000 }],
    ['approval', { timeoutMs: 31 * 24 * 3_600_000 }],
    ['reply', { key: '' }],
    ['reply', { key: 'x'.repeat(129) }],
    ['reply', { key: 'a\u0000' }],
  ])('%s with %j is refused', async (type, options) => {
    const { opens } = openWorld().manager;
    const data = type === 'reply' ? shadow : { tool: 'rm' };
    await expect(opens.begin(type, data, options)).rejects.toEqual(refused('INVALID_OPTION'));
  });

  test('[O11] a topic has so many open events, and no more', async () => {
    const { opens } = openWorld({ maxOpen: 2 }).manager;
    await opens.begin('reply', shadow);
    await opens.begin('viewer', { name: 'Ada' });
    await expect(opens.begin('reply', shadow)).rejects.toEqual(refused('TOO_MANY_OPEN'));
    await opens.begin('reply', shadow, { topic: 'other' });
  });
});

test('[D10] beginnings and changes are in flight as publishes are', async () => {
  const world = openWorld({ maxInFlight: 2 });
  const { opens } = world.manager;
  const owner = { ...(await opens.begin('reply', shadow)), by: undefined };
  await opens.append({ ...owner, at: 0, text: 'a' });
  const waiting = [
    opens.append({ ...owner, at: 1, text: 'b' }),
    opens.append({ ...owner, at: 2, text: 'c' }),
  ];
  await expect(opens.begin('reply', shadow)).rejects.toEqual(refused('OVERLOADED'));
  expect(world.manager.stats()).toMatchObject({ queueSize: 2, errors: { overloaded: 1, unavailable: 0 } });
  await world.clock.advance(50);
  await Promise.all(waiting);
  await opens.begin('reply', shadow);
});

test('a broker without open sets begins nothing', async () => {
  const world = openWorld();
  Reflect.set(world.broker, 'open', undefined);
  const { opens } = world.make();
  await expect(opens.begin('reply', shadow)).rejects.toEqual(refused('INVALID_OPTION'));
  const plain = openWorld({ catalog: defineEvents({ viewer: presence(z.object({})) }) });
  await plain.manager.close();
  expect(() => plain.manager.opens).toThrow('closed');
});
