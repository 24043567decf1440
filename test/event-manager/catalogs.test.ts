import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, inject, test } from 'vitest';
import * as z from 'zod';
import type { Broker, Claims, EventManagerOptions } from '../../server/index.ts';
import {
  createAppRouter,
  EventManager,
  MemoryBroker,
  RedisBroker,
  Sessions,
  SqliteBroker,
} from '../../server/index.ts';
import type { AnyCatalog } from '../../shared/index.ts';
import { defineEvents } from '../../shared/index.ts';

/** A rolling deploy: the new catalog has one type more, `b`, and another schema of `c`. */
const before = defineEvents({ a: z.object({ n: z.number() }), c: z.object({ s: z.string() }) });
const after = defineEvents({
  a: z.object({ n: z.number() }),
  b: z.object({ x: z.string() }),
  c: z.object({ s: z.number() }),
});

type Options = Parameters<EventManager<AnyCatalog>['subscribe']>[0];

/** An item in short: `a1` for an event, `-1 dropped` for a gap, `synced` or `synced, not all`. */
function inShort({ event_type, data }: { event_type: string; data: unknown }): string {
  const fields = data as Record<string, unknown>;
  if (event_type === 'stream_gap') return `-${fields['lost']} ${fields['reason']}`;
  if (event_type === 'stream_synced') return fields['recovered'] ? 'synced' : 'synced, not all';
  return `${event_type}${Object.values(fields)[0]}`;
}

/** The item of what a subscription in the process yields, or tRPC's of a procedure. */
function itemOf(yielded: unknown) {
  const { event, 1: tracked } = yielded as Partial<Record<'event' | 1, Parameters<typeof inShort>[0]>>;
  const item = event ?? tracked;
  if (!item) throw new TypeError('neither an item nor a tracked one');
  return item;
}

/** Collects the items of an iterable, in short, for as long as the test lasts. */
function follow(items: AsyncIterable<unknown>, end: AbortController) {
  const seen: string[] = [];
  const done = (async () => {
    for await (const item of items) seen.push(inShort(itemOf(item)));
  })();
  return {
    seen,
    async [Symbol.asyncDispose]() {
      end.abort();
      await done;
    },
  };
}

function subscribe(manager: EventManager<AnyCatalog>, options: Options) {
  const end = new AbortController();
  return follow(manager.subscribe({ ...options, signal: end.signal }), end);
}

const directory = () => mkdtempSync(join(tmpdir(), 'psyche-'));

/** Two nodes that share a log: on Redis each has a broker of its own. */
const backends: [string, () => Promise<[Broker, Broker, (() => void)?]>][] = [
  [
    'memory',
    async () => {
      const broker = new MemoryBroker();
      return [broker, broker];
    },
  ],
  [
    'SQLite',
    async () => {
      const path = directory();
      const broker = await SqliteBroker.open({ path: join(path, 'log.db') });
      return [broker, broker, () => rmSync(path, { recursive: true })];
    },
  ],
  [
    'Redis',
    async () => {
      const source = { url: inject('redisUrl') };
      const options = { prefix: `catalogs-${randomUUID()}` };
      return [new RedisBroker(source, options), new RedisBroker(source, options)];
    },
  ],
];

describe.each(backends)('two catalogs on one log: %s', (_, open) => {
  async function nodes() {
    const [one, other, clean] = await open();
    const old = new EventManager<AnyCatalog>({ catalog: before, broker: one });
    const young = new EventManager<AnyCatalog>({ catalog: after, broker: other });
    return {
      old,
      young,
      /** Three events, of which the old node knows the first. */
      async publish(n: number) {
        const first = await young.publish('a', { n });
        await young.publish('b', { x: `${n}` });
        await young.publish('c', { s: n });
        return first.cursor;
      },
      async [Symbol.asyncDispose]() {
        await old.close();
        await young.close();
        clean?.();
      },
    };
  }

  const asked: [string, Options, string[]][] = [
    ['a node is told no gap for types it did not ask for', { types: ['a'] }, ['a1', 'a2']],
    [
      'control: a node that asks for every type is told a gap for unknown ones',
      {},
      ['a1', '-1 dropped', '-1 dropped', 'a2', '-1 dropped', '-1 dropped'],
    ],
    [
      'control: a node is told a gap for a type with another schema',
      { types: ['c'] },
      ['-1 dropped', '-1 dropped'],
    ],
  ];

  test.each(asked)('[D4] live: %s', async (_, options, expected) => {
    await using nodes_ = await nodes();
    await using one = subscribe(nodes_.old, options);
    await using merged = subscribe(nodes_.old, { ...options, topics: ['default'] });
    await expect.poll(() => [one.seen, merged.seen]).toEqual([['synced'], ['synced']]);
    for (const n of [1, 2]) await nodes_.publish(n);
    await expect.poll(() => one.seen).toEqual(['synced', ...expected]);
    await expect.poll(() => merged.seen).toEqual(['synced', ...expected]);
  });

  test.each(asked)('[D4] [D5] from the log: %s', async (_, options, expected) => {
    await using nodes_ = await nodes();
    for (const n of [1, 2]) await nodes_.publish(n);
    const page = await nodes_.old.history({ ...options });
    const items = page.items.map(({ event }) => inShort(event));
    expect(items).toEqual(expected.filter((item) => item.startsWith('a')));
    expect(page.gaps).toHaveLength(expected.length - items.length);
    const end = expected.some((item) => item.startsWith('-')) ? 'synced, not all' : 'synced';
    const since = { at: '2000-01-01T00:00:00Z' };
    await using one = subscribe(nodes_.old, { ...options, since });
    await using merged = subscribe(nodes_.old, { ...options, since, topics: ['default'] });
    await using again = follow(nodes_.old.replay({ ...options, speed: 1000 }), new AbortController());
    for (const { seen } of [one, merged, again]) await expect.poll(() => seen).toEqual([...expected, end]);
  });

  test('[D4] with `every`, a reader passes types it did not ask for, on an idle topic too', async () => {
    await using nodes_ = await nodes();
    const cursor = await nodes_.publish(1);
    await using first = subscribe(nodes_.old, { types: ['a'], every: 20, since: cursor });
    await expect.poll(() => first.seen).toEqual(['synced']);
    await nodes_.publish(2);
    await expect.poll(() => first.seen).toEqual(['synced', 'a2']);
    await using late = subscribe(nodes_.old, { types: ['a'], every: 20, since: { last: 5 } });
    await expect.poll(() => late.seen.at(-1)).toContain('synced');
    expect(late.seen.join()).toMatch(/^-1 conflated,a2,synced/);
    await using all = subscribe(nodes_.old, { every: 20, since: cursor }); // control
    await expect.poll(() => all.seen.at(-1)).toBe('synced, not all');
  });

  test('[D8] events that claims exclude are not told as a gap either', async () => {
    await using nodes_ = await nodes();
    for (const n of [1, 2]) await nodes_.publish(n);
    const router = createAppRouter(nodes_.old);
    const gaps = async (subject: Claims | null) => {
      const claims = { topics: ['*'], ...subject };
      const session = subject ? new Sessions().open({ id: 'alice', claims }) : undefined;
      const end = new AbortController();
      const caller = router.createCaller({ session }, { signal: end.signal });
      const page = await caller.history();
      const [items, merged] = await Promise.all([
        caller.on.any({ since: { last: 9 } }),
        caller.on.any({ topics: ['*'], since: { last: 9 } }),
      ]);
      await using one = follow(items, end);
      await using several = follow(merged, end);
      for (const { seen } of [one, several]) {
        await expect.poll(() => seen.at(-1)).toContain('synced');
        expect(seen.filter((item) => item.startsWith('-'))).toHaveLength(page.gaps.length);
      }
      return page.gaps.length;
    };
    expect(await gaps({ subscribe: ['a'] })).toBe(0);
    expect(await gaps({ subscribe: ['a', 'b'] })).toBe(2);
    expect(await gaps({ subscribe: ['a', 'c'] })).toBe(2);
    expect(await gaps({ subscribe: ['*'] })).toBe(4);
    expect(await gaps(null)).toBe(4);
  });
});

describe('a log file written with another catalog', () => {
  /** A file that one catalog wrote, opened with another. */
  async function reopened(written: AnyCatalog, events: [string, unknown][], catalog: AnyCatalog) {
    const folder = directory();
    const path = join(folder, 'log.db');
    const writer = new EventManager({ catalog: written, broker: await SqliteBroker.open({ path }) });
    for (const [type, data] of events) await writer.publish(type, data);
    await writer.close();
    const warnings: unknown[] = [];
    const logger = { ...silent, warn: (fields: unknown) => warnings.push(fields) };
    const manager = new EventManager<AnyCatalog>({
      catalog,
      broker: await SqliteBroker.open({ path }),
      logger,
    });
    return {
      manager,
      warnings,
      async [Symbol.asyncDispose]() {
        await manager.close();
        rmSync(folder, { recursive: true });
      },
    };
  }
  const nothing = () => {};
  const silent = { debug: nothing, info: nothing, warn: nothing, error: nothing };

  /** Reads a manager's log in every way. */
  async function everything(manager: EventManager<AnyCatalog>) {
    const { items, gaps } = await manager.history();
    const since = { at: '2000-01-01T00:00:00Z' };
    await using live = subscribe(manager, { since });
    await using again = follow(manager.replay({ speed: 1000 }), new AbortController());
    await expect.poll(() => again.seen.at(-1)).toContain('synced');
    await expect.poll(() => live.seen).toEqual(again.seen);
    return { items: items.map(({ event }) => event.data), gaps: gaps.length, seen: live.seen };
  }

  test('[D4] has gaps in the places of records that are no longer valid, and new ones are trusted', async () => {
    const v1 = defineEvents({ dream: z.object({ symbol: z.string() }), gone: z.object({ a: z.number() }) });
    const v2 = defineEvents({ dream: z.object({ symbol: z.number() }) });
    const events: [string, unknown][] = [
      ['dream', { symbol: 'x' }],
      ['gone', { a: 1 }],
    ];
    await using log = await reopened(v1, events, v2);
    await log.manager.publish('dream', { symbol: 7 });
    expect(await everything(log.manager)).toEqual({
      items: [{ symbol: 7 }],
      gaps: 2,
      seen: ['-1 dropped', '-1 dropped', 'dream7', 'synced, not all'],
    });
    for (let n = 0; n < 50; n++) await log.manager.history();
    expect(log.warnings.length).toBeLessThan(20); // lines per second, not per read
    await using control = await reopened(v1, events, v1);
    expect(await everything(control.manager)).toMatchObject({ gaps: 0, seen: ['dreamx', 'gone1', 'synced'] });
  });

  test('[D4] has data beyond plain JSON validated as well', async () => {
    const v1 = defineEvents({ dream: z.object({ symbol: z.string(), at: z.date() }) });
    const v2 = defineEvents({ dream: z.object({ symbol: z.number(), at: z.date() }) });
    const events: [string, unknown][] = [['dream', { symbol: 'x', at: new Date(0) }]];
    await using log = await reopened(v1, events, v2);
    expect((await everything(log.manager)).seen).toEqual(['-1 dropped', 'synced, not all']);
    await using control = await reopened(v1, events, v1);
    expect((await everything(control.manager)).items).toEqual([{ symbol: 'x', at: new Date(0) }]);
  });

  test('gets a new default where a field is missing, in its text too', async () => {
    const v1 = defineEvents({ dream: z.object({ symbol: z.string() }) });
    const v2 = defineEvents({ dream: z.object({ symbol: z.string(), depth: z.number().default(1) }) });
    await using log = await reopened(v1, [['dream', { symbol: 'x' }]], v2);
    expect(await everything(log.manager)).toMatchObject({ items: [{ symbol: 'x', depth: 1 }], gaps: 0 });
  });

  test('does not have a transform applied a second time: its output is let through', async () => {
    const catalog = defineEvents({ dream: z.object({ inside: z.set(z.string().transform(Number)) }) });
    await using log = await reopened(catalog, [['dream', { inside: new Set(['7']) }]], catalog);
    expect(await everything(log.manager)).toMatchObject({ items: [{ inside: new Set([7]) }], gaps: 0 });
  });
});

test('a manager without a broker is refused with words that name it', () => {
  expect(() => new EventManager({} as EventManagerOptions)).toThrow(/^EventManager: pass a broker/);
});
