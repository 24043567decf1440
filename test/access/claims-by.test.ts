import { afterEach, describe, expect, test, vi } from 'vitest';
import * as z from 'zod';
import { type Claims, createAppRouter, EventManager, MemoryBroker, Sessions } from '../../server/index.ts';
import { defineEvents } from '../../shared/index.ts';

const managers: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const manager of managers.splice(0)) await manager.close();
});

const catalog = defineEvents({
  note: z.object({ text: z.string() }),
  mood: z.object({ text: z.string(), level: z.number() }),
  loose: z.looseObject({ text: z.string() }),
  table: z.record(z.string(), z.string()),
  either: z.union([z.object({ text: z.string() }), z.object({ by: z.string() })]),
});

function setUp() {
  const manager = new EventManager({ catalog, broker: new MemoryBroker() });
  managers.push(manager);
  const router = createAppRouter(manager);
  const callerOf = (id: string, claims: Claims = {}) =>
    router.createCaller({
      session: new Sessions().open({ id, claims: { subscribe: ['*'], topics: ['*'], ...claims } }),
    });
  /** One event of each type by alice and by bob; bob writes alice's name wherever his data takes it. */
  const publishAll = async (topic: string, text: string) => {
    for (const by of ['alice', 'bob']) {
      await manager.publish('note', { text }, { by, topic });
      await manager.publish('mood', { text, level: 1 }, { by, topic });
      await manager.publish('loose', { text, by: 'alice' }, { by, topic });
      await manager.publish('table', { text, by: 'alice' }, { by, topic });
      await manager.publish('either', { by: 'alice' }, { by, topic });
    }
  };
  return { manager, callerOf, publishAll };
}

type Caller = ReturnType<ReturnType<typeof setUp>['callerOf']>;
type Seen = readonly [event: string, by: string | undefined];

async function firstOf(count: number, items: AsyncIterable<unknown>, onSynced = () => {}): Promise<Seen[]> {
  const seen: Seen[] = [];
  for await (const item of items) {
    const [, event] = item as [string, { event_type: string; by?: string }];
    if (event.event_type === 'stream_synced') {
      onSynced();
      continue;
    }
    seen.push([event.event_type, event.by]);
    if (seen.length === count) break;
  }
  return seen;
}

const history = async (caller: Caller, input: object = {}): Promise<Seen[]> =>
  (await caller.history(input)).items.map(({ event }) => [event.event_type, event.by]);

const ofAlice: Seen[] = [
  ['note', 'alice'],
  ['mood', 'alice'],
];

describe('claims with a filter on by, and a catalog in which some data may have a field of that name', () => {
  test('a call that names no types sees the others, and of these what the filter covers: nothing else', async () => {
    const { callerOf, publishAll } = setUp();
    await publishAll('default', 'a');
    const narrowed = callerOf('bob', { filter: { by: 'alice' } });
    expect(await history(narrowed)).toEqual(ofAlice);
    // No filter of the caller's own widens it.
    expect(await history(narrowed, { filter: { or: [{ by: 'bob' }, { by: 'alice' }, {}] } })).toEqual(
      ofAlice,
    );
    // The control: without the filter all ten are seen.
    expect(await history(callerOf('bob'))).toHaveLength(10);
  });

  test.each([
    ['one topic', {}],
    ['several topics', { topics: ['default', 'other'] }],
    ['a pattern of topics', { topics: ['def*'] }],
  ])('live, in %s', async (_, asked) => {
    const { callerOf, publishAll } = setUp();
    await publishAll('default', 'before');
    const items = await callerOf('bob', { filter: { by: 'alice' } }).on.any(asked as never);
    const synced = vi.fn();
    const seen = firstOf(4, items, synced);
    await expect.poll(() => synced.mock.calls.length).toBe(1);
    await publishAll('default', '1');
    await publishAll('default', '2');
    expect(await seen).toEqual([...ofAlice, ...ofAlice]);
  });

  test('in a replay', async () => {
    const { callerOf, publishAll } = setUp();
    await publishAll('default', 'a');
    const items = await callerOf('bob', { filter: { by: 'alice' } }).replay({ speed: 1_000_000 });
    expect(await firstOf(Number.POSITIVE_INFINITY, items)).toEqual(ofAlice);
  });

  test('a negated filter shows nothing of the types that it cannot be applied to', async () => {
    const { callerOf, publishAll } = setUp();
    await publishAll('default', 'a');
    const narrowed = callerOf('carol', { filter: { not: { by: 'bob' } } });
    expect(await history(narrowed)).toEqual(ofAlice);
  });

  test.each<[string, Claims, object]>([
    ['a type of them is named', {}, { types: ['loose'] }],
    ['a type of them is named among others', {}, { types: ['note', 'table'] }],
    ['none but them may be seen', { subscribe: ['loose', 'table'] }, {}],
    [
      'the filter has a field that only they have',
      { subscribe: ['note', 'loose'], filter: { by: 'alice', extra: 'x' } },
      {},
    ],
    ['the filter is none', { filter: { by: { between: 1 } } as never }, {}],
  ])('FORBIDDEN where %s', async (_, claims, asked) => {
    const { callerOf, publishAll } = setUp();
    await publishAll('default', 'a');
    const narrowed = callerOf('bob', { filter: { by: 'alice' }, ...claims });
    await expect(narrowed.history(asked)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(narrowed.on.any(asked as never)).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });

  test('a filter that needs no publisher takes nothing away', async () => {
    const { callerOf, publishAll } = setUp();
    await publishAll('default', 'a');
    const narrowed = callerOf('bob', { filter: { text: 'a' } });
    expect(await history(narrowed)).toHaveLength(8);
  });
});
