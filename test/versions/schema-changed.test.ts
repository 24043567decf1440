import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { type AnyCatalog, defineEvents, toLogEntry, versions } from '../../shared/index.ts';
import {
  everything,
  inProcess,
  inShort,
  kinds,
  of,
  recordingLogger,
  withLength,
  withText,
} from './shared-logs.ts';

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

  test.each([
    ['plain JSON', of(z.object({ size: z.string() })), z.object({ size: z.number() })],
    ['a transform alone', withLength, withText.schemas.dream],
  ] as const)('%s: nor is it raised from an older version that was edited', async (_, before, edited) => {
    await using log = make();
    await inProcess(log, before, (manager) => manager.publish('dream', { size: 'abc' }));
    const lenient = z.object({ size: z.unknown() });
    const raise = (data: { size: unknown }) => data;
    const after = defineEvents({
      dream: versions<z.ZodType<{ size: unknown }>, typeof lenient>(edited, [lenient, raise]),
    });
    expect(await inProcess(log, after, everything)).toEqual(['dropped']);
    const first = before.schemas['dream'] as z.ZodType<{ size: unknown }>;
    const kept = defineEvents({ dream: versions(first, [lenient, raise]) });
    expect(await inProcess(log, kept, everything)).toEqual([{ size: before === withLength ? 3 : 'abc' }]); // control
  });
});
