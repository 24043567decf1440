import { describe, expect, test, vi } from 'vitest';
import * as z from 'zod';
import { EventManager, MemoryBroker } from '../../server/index.ts';
import {
  type AnyCatalog,
  defineEvents,
  EventsError,
  type LogEntry,
  toLogEntry,
  versions,
} from '../../shared/index.ts';
import {
  everything,
  inProcess,
  kinds,
  of,
  recordingLogger,
  type SharedLog,
  withLength,
  withText,
} from './shared-logs.ts';

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

/** A catalog whose values of defaults are others in each process, and a schema that cannot judge what it has yielded. */
function withFreshDefaults(): AnyCatalog {
  let made = 0;
  const fresh = () => `${++made} of ${Math.random()}`;
  return of(
    z.object({
      size: z.string().transform((text) => text.length),
      id: z.string().default(fresh),
      key: z.string().prefault(fresh),
      name: z.string().catch(fresh),
    }),
  );
}

describe.each(kinds.slice(1))('[V3] a log %s of a schema whose code makes its defaults', (_, make) => {
  test('is read by the next process, which brings no other schema', async () => {
    await using log = make();
    const logger = recordingLogger();
    const input = { size: 'abc', id: 'a', key: 'b', name: 'c' };
    await inProcess(log, withFreshDefaults(), (manager) => manager.publish('dream', input), logger);
    const read = await inProcess(log, withFreshDefaults(), everything, logger);
    expect(read).toEqual([{ ...input, size: 3 }]);
    const kept = await inProcess(log, withFreshDefaults(), async (_, broker) => broker.keepSchemas?.([]));
    expect(kept).toHaveLength(1);
    expect(logger.warn).not.toHaveBeenCalled();
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
