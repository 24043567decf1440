import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, inject, test, vi } from 'vitest';
import * as z from 'zod';
import type { Broker } from '../../server/broker/broker.ts';
import { EventManager, MemoryBroker, RedisBroker, SqliteBroker } from '../../server/index.ts';
import {
  type AnyCatalog,
  defineEvents,
  EventsError,
  type LogEntry,
  toLogEntry,
  versions,
} from '../../shared/index.ts';

/** A log that processes use one after another, or several at once where it can be. */
interface SharedLog extends AsyncDisposable {
  open(): Promise<Broker>;
}

const kinds: [string, () => SharedLog][] = [
  [
    'in memory',
    () => {
      const broker = new MemoryBroker();
      // What another process would have written is unknown to this one.
      const view: Broker = {
        publish: (topic, entries) =>
          broker.publish(
            topic,
            entries.map(({ validatedBy: _, ...entry }) => entry),
          ),
        erase: (...call) => broker.erase(...call),
        read: (...call) => broker.read(...call),
        bounds: (topic) => broker.bounds(topic),
        seek: (...call) => broker.seek(...call),
        tail: (...call) => broker.tail(...call),
        topics: (sink) => broker.topics(sink),
        close: async () => {},
      };
      return { open: async () => view, [Symbol.asyncDispose]: () => broker.close() };
    },
  ],
  [
    'in a file',
    () => {
      const directory = mkdtempSync(join(tmpdir(), 'psyche-'));
      return {
        open: () => SqliteBroker.open({ path: join(directory, 'log.db') }),
        async [Symbol.asyncDispose]() {
          rmSync(directory, { recursive: true });
        },
      };
    },
  ],
  [
    'in Redis',
    () => {
      const prefix = `changed-${randomUUID()}`;
      return {
        open: async () => new RedisBroker({ url: inject('redisUrl') }, { prefix }),
        async [Symbol.asyncDispose]() {},
      };
    },
  ],
];

function recordingLogger() {
  return { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };
}

/** Uses a log in a process of its own, with a catalog. */
async function inProcess<T>(
  log: SharedLog,
  catalog: AnyCatalog,
  use: (manager: EventManager<AnyCatalog>, broker: Broker) => Promise<T>,
  logger = recordingLogger(),
): Promise<T> {
  const broker = await log.open();
  const manager = new EventManager<AnyCatalog>({ broker, catalog, logger });
  try {
    return await use(manager, broker);
  } finally {
    await manager.close();
  }
}

const since = { at: '2000-01-01T00:00:00Z' };

/** An item in short: an event's data, or a gap's reason. */
function inShort({ event_type, data }: { event_type: string; data: unknown }): unknown {
  if (event_type === 'stream_synced') return event_type;
  return event_type === 'stream_gap' ? Reflect.get(Object(data), 'reason') : data;
}

/** Data of all events that are delivered, and the reason of each gap in their places. */
async function everything(manager: EventManager<AnyCatalog>): Promise<unknown[]> {
  const seen: unknown[] = [];
  for await (const [, event] of manager.subscribe({ since })) {
    if (event.event_type === 'stream_synced') break;
    seen.push(inShort(event));
  }
  const { items } = await manager.history({ since });
  expect(items.map(({ event }) => event.data)).toEqual(seen.filter((item) => item !== 'dropped'));
  return seen;
}

const of = <S extends z.ZodType>(data: S) => defineEvents({ dream: data });
const withLength = of(z.object({ size: z.string().transform((text) => text.length) }));
const withText = of(z.object({ size: z.number().transform((count) => `${count} letters`) }));

/** A change of a schema that is no new version; the input of its event before, and how it is read before and after. */
const changes: [string, AnyCatalog, unknown, unknown, AnyCatalog, unknown][] = [
  [
    'plain JSON',
    of(z.object({ size: z.string() })),
    { size: 'x' },
    { size: 'x' },
    of(z.object({ size: z.number() })),
    'dropped',
  ],
  [
    'more than JSON',
    of(z.object({ at: z.date() })),
    { at: new Date(0) },
    { at: new Date(0) },
    of(z.object({ at: z.bigint() })),
    'dropped',
  ],
  ['a transform alone', withLength, { size: 'abc' }, { size: 3 }, withText, 'dropped'],
  [
    'a transform deep within',
    of(z.map(z.string(), z.array(z.string().transform((text) => text.length)))),
    new Map([['a', ['abc']]]),
    new Map([['a', [3]]]),
    of(z.map(z.string(), z.array(z.number().transform(String)))),
    'dropped',
  ],
  [
    'a pipe whose other end has changed',
    of(z.object({ size: z.string().transform(Number).pipe(z.number()) })),
    { size: '3' },
    { size: 3 },
    of(z.object({ size: z.string().transform(Boolean).pipe(z.boolean()) })),
    'dropped',
  ],
  [
    'a pipe whose end holds for the old data too',
    of(z.object({ size: z.string().transform(Number).pipe(z.number()) })),
    { size: '3' },
    { size: 3 },
    of(z.object({ size: z.bigint().transform(Number).pipe(z.number().max(5)) })),
    { size: 3 },
  ],
  [
    'a codec',
    of(z.object({ at: z.stringbool() })),
    { at: 'yes' },
    { at: true },
    of(
      z.object({
        at: z.codec(z.string(), z.date(), {
          decode: (text) => new Date(text),
          encode: (date) => date.toISOString(),
        }),
      }),
    ),
    'dropped',
  ],
  [
    'a coercing type',
    of(z.object({ size: z.string() })),
    { size: '3' },
    { size: '3' },
    of(z.object({ size: z.coerce.number() })),
    'dropped',
  ],
];

describe.each(kinds)('[V3] a log %s, of a schema that has changed under the same version', (_, make) => {
  test.each(changes)(
    '%s: what does not validate is not delivered',
    async (_, before, input, data, after, read) => {
      await using log = make();
      await inProcess(log, before, (manager) => manager.publish('dream', input));
      expect(await inProcess(log, after, everything)).toEqual([read]);
      expect(await inProcess(log, before, everything)).toEqual([data]); // control: the schema that wrote it
    },
  );

  test('records of both schemas are told apart, in the log and live', async () => {
    await using log = make();
    await inProcess(log, withLength, (manager) => manager.publish('dream', { size: 'abc' }));
    const logger = recordingLogger();
    await inProcess(
      log,
      withText,
      async (manager, broker) => {
        const live: unknown[] = [];
        const end = new AbortController();
        const following = (async () => {
          for await (const [, event] of manager.subscribe({ signal: end.signal })) live.push(inShort(event));
        })();
        await expect.poll(() => live).toEqual(['stream_synced']);
        await manager.publish('dream', { size: 7 });
        // As a node with the other schema publishes.
        const { validatedBy: _, ...foreign } = toLogEntry(withLength, {
          event_type: 'dream',
          data: { size: 'abcd' },
        });
        await broker.publish('default', [foreign]);
        await manager.publish('dream', { size: 8 });
        await expect.poll(() => live.at(-1)).toEqual({ size: '8 letters' });
        expect(live.slice(1)).toEqual([{ size: '7 letters' }, 'dropped', { size: '8 letters' }]);
        end.abort();
        await following;
        expect(await everything(manager)).toEqual([
          'dropped',
          { size: '7 letters' },
          'dropped',
          { size: '8 letters' },
        ]);
        const { malformed, errors } = manager.stats();
        expect(malformed).toEqual({ 'dream 1': errors.malformed });
        expect(errors.malformed).toBeGreaterThanOrEqual(3);
      },
      logger,
    );
    const lines = logger.warn.mock.calls.filter(([, line]) => line.startsWith('A malformed record'));
    expect(lines[0]).toEqual([
      expect.objectContaining({
        type: 'dream',
        version: 1,
        reason: expect.stringMatching(/another schema wrote it.*versions\(…\)/),
      }),
      'A malformed record of dream, version 1, was not delivered',
    ]);
    expect(await inProcess(log, withLength, everything)).toEqual([
      { size: 3 },
      'dropped',
      { size: 4 },
      'dropped',
    ]);
  });

  test('as a new version, the old records are read whatever the schemas are', async () => {
    await using log = make();
    await inProcess(log, withLength, (manager) => manager.publish('dream', { size: 'abc' }));
    const raised = defineEvents({
      dream: versions(withLength.schemas.dream, [withText.schemas.dream, ({ size }) => ({ size })]),
    });
    await inProcess(log, raised, (manager) => manager.publish('dream', { size: 7 }));
    expect(await inProcess(log, raised, everything)).toEqual([{ size: '3 letters' }, { size: '7 letters' }]);
  });
});

describe.each(kinds.slice(1))('[V3] a log %s that a version without schemas wrote', (_, make) => {
  const unmarked = (size: string): LogEntry => {
    const {
      validatedBy: _,
      schema,
      ...entry
    } = toLogEntry(withLength, { event_type: 'dream', data: { size } });
    expect(schema).toBeDefined();
    return entry;
  };

  test('is read by the schema that it is first opened with, and by no other', async () => {
    await using log = make();
    const broker = await log.open();
    await broker.publish('default', [unmarked('abc')]);
    await broker.close();
    expect(await inProcess(log, withLength, everything)).toEqual([{ size: 3 }]);
    expect(await inProcess(log, withText, everything)).toEqual(['dropped']);
    expect(await inProcess(log, withLength, everything)).toEqual([{ size: 3 }]);
  });
});

describe.each(kinds.slice(1))('[V3] the schemas that a log %s keeps', (_, make) => {
  const one = defineEvents({ dream: z.object({ a: z.string() }), same: z.object({}) });
  const other = defineEvents({ dream: z.object({ b: z.string() }), same: z.object({}) });

  /** The lines about changed schemas when a process of a catalog uses the log. */
  async function warnings(log: SharedLog, catalog: AnyCatalog): Promise<unknown[]> {
    const logger = recordingLogger();
    await inProcess(
      log,
      catalog,
      async (manager) => {
        await manager.history();
        await manager.publish('same', {});
        await manager.history();
      },
      logger,
    );
    return logger.warn.mock.calls.filter(([, line]) => line.startsWith('The schema of'));
  }

  test('tell of an event that has changed under the same version, once, and never in turns', async () => {
    await using log = make();
    expect(await warnings(log, one)).toEqual([]);
    expect(await warnings(log, one)).toEqual([]);
    expect(await warnings(log, other)).toEqual([
      [
        { type: 'dream', version: 1 },
        expect.stringMatching(/^The schema of dream has changed.*versions\(…\)/),
      ],
    ]);
    for (const catalog of [one, other, one, other]) expect(await warnings(log, catalog)).toEqual([]);
  });

  test('control: nothing is told of an event that is new, or has a new version', async () => {
    await using log = make();
    await warnings(log, one);
    const more = defineEvents({
      ...one.schemas,
      dream: versions(one.schemas.dream, [other.schemas.dream, ({ a }) => ({ b: a })]),
      more: z.object({ c: z.string() }),
    });
    expect(await warnings(log, more)).toEqual([]);
  });

  test('are told of the first version too, where that was changed in place', async () => {
    await using log = make();
    await warnings(log, one);
    const edited = versions(z.object({ a: z.number() }), [
      z.object({ b: z.number() }),
      ({ a }) => ({ b: a }),
    ]);
    const told = await warnings(log, defineEvents({ ...one.schemas, dream: edited }));
    expect(told).toEqual([[{ type: 'dream', version: 1 }, expect.any(String)]]);
  });
});

describe('[V3] while the schemas of a log cannot be had', () => {
  const catalog = of(z.object({ a: z.string() }));

  /** A log in memory that keeps schemas, and fails to as long as it is told to. */
  function failing() {
    const broker = new MemoryBroker();
    const state = { fails: true, asked: 0 };
    const keeping = Object.assign(broker, {
      async keepSchemas() {
        state.asked++;
        if (state.fails) throw new EventsError('UNAVAILABLE', 'not now');
        return [{ type: 'dream', version: 1, fingerprint: 'another', json: '{}' }];
      },
    });
    return { broker: keeping, state };
  }

  test('publishing and reading go on, and it is tried again', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const { broker, state } = failing();
    const logger = recordingLogger();
    const manager = new EventManager({ broker, catalog, logger });
    for (let n = 0; n < 5; n++) await manager.publish('dream', { a: `${n}` });
    expect(await everything(manager as unknown as EventManager<AnyCatalog>)).toHaveLength(5);
    expect(state.asked).toBe(1);
    vi.advanceTimersByTime(1000);
    await manager.publish('dream', { a: 'again' });
    expect(state.asked).toBe(2);
    expect(logger.warn).not.toHaveBeenCalled();
    state.fails = false;
    vi.advanceTimersByTime(1000);
    await manager.publish('dream', { a: 'at last' });
    await expect.poll(() => logger.warn.mock.calls.length).toBe(1);
    vi.advanceTimersByTime(10_000);
    await manager.publish('dream', { a: 'after' });
    expect(state.asked).toBe(3);
    await manager.close();
    vi.useRealTimers();
  });

  test('records that only they can judge are not read; control: those of other events are', async () => {
    const { broker } = failing();
    const manager = new EventManager<AnyCatalog>({ broker, catalog: withLength });
    await manager.publish('dream', { size: 'abc' });
    await expect(manager.history()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await manager.close();
    const control = failing();
    const other = new EventManager<AnyCatalog>({ broker: control.broker, catalog });
    await other.publish('dream', { a: 'abc' });
    expect((await other.history()).items).toHaveLength(1);
    await other.close();
  });
});
