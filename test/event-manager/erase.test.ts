import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { EventManager } from '../../server/index.ts';
import { defineEvents, versions } from '../../shared/index.ts';
import { type BrokerFixture, brokerKinds } from '../broker/contract/fixtures.ts';
import { Collector } from '../support/collect.ts';

const catalog = defineEvents({
  note: z.object({ n: z.number(), text: z.string() }),
  mood: z.object({ n: z.number() }),
});
/** The catalog of another process: one schema edited in place, one version more, one type more. */
const laterCatalog = defineEvents({
  note: z.object({ n: z.string(), text: z.string() }),
  mood: versions(z.object({ n: z.number() }), [
    z.object({ n: z.number(), why: z.string() }),
    ({ n }) => ({ n, why: '' }),
  ]),
  other: z.object({ text: z.string() }),
});
type Manager = EventManager<typeof catalog>;
type Options = NonNullable<Parameters<Manager['subscribe']>[0]>;

describe.each(brokerKinds)('[V7] $name', ({ open }) => {
  let log: BrokerFixture;
  let manager: Manager;
  /** Another node of the same log: the same one where there is only one process. */
  let other: Manager;

  beforeEach(async () => {
    log = await open();
    manager = new EventManager({ catalog, broker: log.broker });
    other = new EventManager({ catalog, broker: log.another() });
  });
  afterEach(() => log[Symbol.asyncDispose]());

  const publish = async (n: number, topic?: string) =>
    (await manager.publish('note', { n, text: `secret-${n}` }, { topic })).cursor;
  const collect = (options: Options = {}, by = manager) =>
    new Collector((signal) => by.subscribe({ ...options, signal }));
  /** Items in short: numbers of events, and reasons of gaps with their ends. */
  const short = ({ items, cursors }: Collector<{ event_type: string; data: unknown }>) =>
    items.map(({ event_type, data }, index) => {
      const { n, reason, from, to, runs, lost } = data as Record<string, string | undefined>;
      if (event_type === 'stream_synced') return 'synced';
      if (event_type !== 'stream_gap') return n;
      const seqs = [from, to, cursors[index]].map((cursor) => Number(cursor?.split(':')[1]));
      return { reason, seqs, lost, ...(runs && { runs }) };
    });

  /** Likewise, with each erased place by itself: those in a row are one gap or two, as a slow machine reads them in two steps. */
  const placeByPlace = (stream: Parameters<typeof short>[0]) =>
    short(stream).flatMap((item) => {
      if (typeof item !== 'object' || 'runs' in item) return [item];
      const [from = 0, to = 0, at] = item.seqs;
      expect([item.lost, at]).toEqual([to - from, to]);
      return Array.from({ length: to - from }, (_, index) => `${item.reason} ${from + 1 + index}`);
    });

  test('tells an erased event in its place, and to those who had it in the place of the notice', async () => {
    using before = collect();
    using elsewhere = collect({}, other);
    await Promise.all([before.count(1), elsewhere.count(1)]);
    const start = before.cursors[0] ?? '';
    const [, second = '', third] = [await publish(1), await publish(2), await publish(3)];
    await Promise.all([before.count(4), elsewhere.count(4)]);
    expect(await manager.erase({ cursor: second })).toEqual({ erased: 1 });
    await publish(5);
    const notice = { reason: 'erased', seqs: [1, 2, 4], lost: 1 };
    for (const stream of [before, elsewhere]) {
      await stream.count(6);
      expect(short(stream)).toEqual(['synced', 1, 2, 3, notice, 5]);
    }
    const place = { reason: 'erased', seqs: [1, 2, 2], lost: 1 };
    for (const by of [manager, other]) {
      using after = collect({ since: start }, by);
      await after.count(6);
      expect(short(after)).toEqual([1, place, 3, notice, 5, 'synced']);
      expect(after.items.at(-1)).toMatchObject({ data: { recovered: true } });
      expect(JSON.stringify(after.items)).not.toContain('secret-2');
    }
    using resumed = collect({ since: third }, other);
    await resumed.count(3);
    expect(short(resumed)).toEqual([notice, 5, 'synced']);
  });

  test('erases what a filter matches, in runs of one type, and tells those who want the type', async () => {
    using moods = collect({ types: ['mood'] });
    using notes = collect({ types: ['note'] });
    await Promise.all([moods.count(1), notes.count(1)]);
    const start = moods.cursors[0] ?? '';
    for (let n = 1; n <= 6; n++) await publish(n);
    await manager.publish('mood', { n: 7 });
    for (let n = 8; n <= 9; n++) await publish(n);
    await Promise.all([notes.count(9), moods.count(2)]);
    const filter = { n: { gt: 2 } };
    expect(await other.erase({ types: ['note'], filter })).toEqual({ erased: 6 });
    await publish(1);
    await manager.publish('mood', { n: 2 });
    const runs = [
      [2, 6],
      [7, 9],
    ];
    await notes.count(11);
    expect(short(notes)).toEqual([
      ...['synced', 1, 2, 3, 4, 5, 6, 8, 9],
      { reason: 'erased', seqs: [2, 9, 10], lost: 6, runs },
      1,
    ]);
    await moods.count(3);
    expect(short(moods)).toEqual(['synced', 7, 2]);
    using after = collect({ since: start });
    await expect.poll(() => short(after).at(-1)).toBe('synced');
    expect(placeByPlace(after)).toEqual([
      ...[1, 2, 'erased 3', 'erased 4', 'erased 5', 'erased 6', 7, 'erased 8', 'erased 9'],
      { reason: 'erased', seqs: [2, 9, 10], lost: 6, runs },
      ...[1, 2, 'synced'],
    ]);
    expect(await manager.erase({ types: ['note'], filter })).toEqual({ erased: 0 });
    expect(await manager.erase({ filter: {} })).toEqual({ erased: 5 });
    expect((await manager.history()).items).toEqual([]);
  });

  test('history and replay tell the places, and no notices; { last } counts what is left', async () => {
    const cursors: string[] = [];
    for (let n = 1; n <= 8; n++) cursors.push(await publish(n));
    await other.erase({ filter: { n: { in: [3, 4, 7] } } });
    const place = (from: number, to: number) =>
      expect.objectContaining({
        reason: 'erased',
        lost: to - from,
        from: cursors[from - 1],
        to: cursors[to - 1],
      });
    for (const by of [manager, other]) {
      const page = await by.history();
      expect(page.items.map(({ event }) => event.data.n)).toEqual([1, 2, 5, 6, 8]);
      expect(page.gaps).toEqual([place(2, 4), place(6, 7)]);
      const next = await by.history({ since: cursors[1] ?? '', limit: 2 });
      expect(next.items.map(({ event }) => event.data.n)).toEqual([5, 6]);
      expect(next.gaps).toEqual([place(2, 4)]); // it ends with its second event
      using replay = new Collector((signal) => by.replay({ speed: 1e6, signal }));
      await replay.done;
      expect(placeByPlace(replay)).toEqual([1, 2, 'erased 3', 'erased 4', 5, 6, 'erased 7', 8, 'synced']);
      using last = collect({ since: { last: 4 } }, by);
      await last.count(7);
      expect(short(last).filter((item) => typeof item === 'number')).toEqual([2, 5, 6, 8]);
    }
  });

  test('finds events in a long log, step by step', async () => {
    await manager.publishBatch(
      Array.from({ length: 1000 }, (_, n) => ({ event_type: 'note', data: { n, text: '' } })),
    );
    await manager.publishBatch(
      Array.from({ length: 1000 }, (_, n) => ({
        event_type: n % 2 ? 'note' : 'mood',
        data: { n, text: '' },
      })),
    );
    expect(await manager.erase({ filter: {}, types: ['note'] })).toEqual({ erased: 1500 });
    const page = await manager.history({ limit: 1000 });
    expect(page.items).toHaveLength(500);
    // A call to the broker takes one notice of each type, however many runs there are.
    const { last } = await log.broker.bounds('default');
    expect(last).toBe(2000 + 3);
  });

  test('a filter without conditions takes what the catalog cannot read; one with conditions counts it', async () => {
    const later = new EventManager({ catalog: laterCatalog, broker: log.another() });
    const fill = async () => {
      await later.publish('note', { n: 'one', text: 'secret-1' }); // edited in place: malformed here
      await later.publish('other', { text: 'secret-3' }); // no such type here
      await publish(4);
    };
    await fill();
    expect(await manager.erase({ filter: { n: { gt: 0 } } })).toEqual({ erased: 1, unreadable: 2 });
    expect(await manager.erase({ types: ['note'], filter: { n: { gt: 0 } } })).toEqual({
      erased: 0,
      unreadable: 1,
    });
    await later.publish('mood', { n: 1, why: 'secret-2' }); // a later version, which waits [V4]
    await expect(manager.erase({ filter: { n: { gt: 0 } } })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(await manager.erase({ types: ['mood'], filter: {} })).toEqual({ erased: 1 });
    expect((await later.history()).items.map(({ event }) => event.event_type)).toEqual(['note', 'other']);
    await fill();
    expect(await manager.erase({ filter: {} })).toEqual({ erased: 5 });
    expect((await later.history()).items).toEqual([]);
    expect(await manager.erase({ filter: {} })).toEqual({ erased: 0 });
  });

  test('refuses what it cannot mean, and finds nothing where nothing is', async () => {
    const cursor = await publish(1);
    const [epoch] = cursor.split(':');
    await expect(manager.erase({ cursor: 'nonsense' })).rejects.toMatchObject({ code: 'INVALID_CURSOR' });
    await expect(manager.erase({ cursor, topic: '' })).rejects.toMatchObject({ code: 'INVALID_TOPIC' });
    const missing = { cursor: undefined } as unknown as { cursor: string };
    await expect(manager.erase(missing)).rejects.toThrow(/pass a cursor, or a filter/);
    await expect(manager.erase({ cursor: null as never })).rejects.toMatchObject({ code: 'INVALID_CURSOR' });
    const undefinedIn = [{ n: undefined }, { and: [{ n: { gt: undefined } }] }];
    const emptyIn = [{ n: {} }, { and: [] }, { not: { or: [{}] } }];
    for (const filter of [...undefinedIn, ...emptyIn] as object[])
      await expect(manager.erase({ filter })).rejects.toMatchObject({ code: 'INVALID_FILTER' });
    expect(await manager.erase({ filter: { n: { in: [] } } })).toEqual({ erased: 0 });
    expect(await manager.erase({ cursor: `${epoch}:9` })).toEqual({ erased: 0 });
    expect(await manager.erase({ cursor: 'another:1' })).toEqual({ erased: 0 });
    expect(await manager.erase({ cursor })).toEqual({ erased: 1 });
    await expect(manager.erase({ cursor: `${epoch}:2` })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  });

  test('a node that does not follow the topic serves no page that it read before', async () => {
    const cursors: string[] = [];
    for (let n = 1; n <= 30; n++) cursors.push(await publish(n));
    using reader = collect({ since: { last: 20 } }, other);
    await reader.count(21);
    await manager.erase({ cursor: cursors[19] ?? '' });
    await expect.poll(() => reader.items.length).toBe(22);
    using again = collect({ since: cursors[9] }, other);
    await again.count(22);
    expect(JSON.stringify(again.items)).not.toContain('secret-20');
    expect(JSON.stringify(await other.history())).not.toContain('secret-20');
  });

  test('several topics as one: the notice comes with its topic', async () => {
    using all = collect({ topics: ['run-*'] });
    await all.count(1);
    const erased = await publish(1, 'run-1');
    await publish(2, 'run-2');
    await all.count(3);
    await other.erase({ topic: 'run-1', cursor: erased });
    await all.count(4);
    expect(all.items[3]).toMatchObject({
      event_type: 'stream_gap',
      topic: 'run-1',
      data: { reason: 'erased', to: erased, lost: 1 },
    });
  });
});
