import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { defineEvents, growing, presence, question, versions } from '../../shared/index.ts';
import { logged, openSet, openWorld } from './world.ts';

const refused = (code: string, more: object = {}) => expect.objectContaining({ code, ...more });
const shadow = { agent_id: 'shadow', text: '' };

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

describe('append', () => {
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
    await expect(opens.append({ ...owner, at: 0, text: '\ud83d' })).rejects.toEqual(
      refused('INVALID_OPTION'),
    );
    await expect(opens.append({ ...owner, at: -1, text: 'a' })).rejects.toEqual(refused('INVALID_OPTION'));
    const member = { ...(await opens.begin('viewer', { name: 'Ada' })), by: undefined };
    await expect(opens.append({ ...member, at: 0, text: 'a' })).rejects.toEqual(refused('INVALID_OPTION'));
    await expect(opens.append({ ...owner, id: 'reply.x', at: 0, text: 'a' })).rejects.toEqual(
      refused('NOT_OPEN'),
    );
    await expect(opens.append({ ...owner, id: 'none', at: 0, text: 'a' })).rejects.toEqual(
      refused('NOT_OPEN'),
    );
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
});

describe('settle', () => {
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
});

describe('questions', () => {
  test('[O1] the settlement holds question, answer and who answered; a second answer is refused', async () => {
    const world = openWorld();
    const { opens } = world.manager;
    const { id } = await opens.begin('approval', { tool: 'rm' }, { by: 'ada' });
    const { cursor } = await opens.answer('approval', { id, answer: { allow: false }, by: 'boss' });
    expect((await logged(world))[1]).toEqual({
      ...{ event_type: 'approval', timestamp: expect.any(String), data: { tool: 'rm' } },
      ...{ by: 'boss', answer: { allow: false }, open: { id, kind: 'question', state: 'answered' } },
    });
    await expect(opens.answer('approval', { id, answer: { allow: true }, by: 'eve' })).rejects.toEqual(
      refused('ALREADY_SETTLED', {
        settled: expect.objectContaining({ state: 'answered', by: 'boss', cursor }),
      }),
    );
    expect(await logged(world)).toHaveLength(2);
  });

  test('an answer that is not valid, or to something else, is refused', async () => {
    const world = openWorld();
    const { opens } = world.manager;
    const { id } = await opens.begin('approval', { tool: 'rm' });
    const answer = { allow: true };
    const by = undefined;
    await expect(opens.answer('approval', { id, answer: { allow: 1 }, by })).rejects.toEqual(
      refused('INVALID_EVENT'),
    );
    await expect(opens.answer('reply', { id, answer, by })).rejects.toEqual(refused('UNKNOWN_EVENT'));
    const { id: reply } = await opens.begin('reply', shadow);
    await expect(opens.answer('approval', { id: reply, answer, by })).rejects.toEqual(refused('NOT_OPEN'));
    expect(await openSet(world)).toHaveLength(2);
  });

  test('an answer that is more than JSON arrives as it was given', async () => {
    const answers = z.object({ at: z.date() });
    const catalog = defineEvents({ when: question({ asks: z.object({}), answers }) });
    const world = openWorld({ catalog });
    const { opens } = world.manager;
    const { id } = await opens.begin('when', {}, { key: 'k' });
    const answer = { at: new Date('2026-01-01') };
    await opens.answer('when', { id, answer, by: undefined });
    expect((await opens.begin('when', {}, { key: 'k' })).settled?.answer).toEqual(answer);
    expect((await world.make().history()).items.at(-1)?.event.answer).toEqual(answer);
  });

  test('its asker withdraws it', async () => {
    const world = openWorld();
    const { opens } = world.manager;
    const owner = { ...(await opens.begin('approval', { tool: 'rm' }, { by: 'ada' })), by: 'ada' };
    await opens.settle({ ...owner, state: 'withdrawn' });
    expect((await logged(world))[1]).toMatchObject({ by: 'ada', open: { state: 'withdrawn' } });
    expect((await logged(world))[1]).not.toHaveProperty('answer');
  });
});

describe('presence and ephemeral events', () => {
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
    await expect(manager.publish('approval', { tool: 'rm' })).rejects.toEqual(
      refused('INVALID_OPTION', { message: expect.stringContaining("ask('approval'") }),
    );
    await expect(manager.publish('viewer', { name: 'Ada' })).rejects.toEqual(
      refused('INVALID_OPTION', { message: expect.stringContaining("begin('viewer'") }),
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
