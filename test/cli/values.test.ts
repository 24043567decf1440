import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { Coercion } from '../../cli/schema/coerce.ts';
import { EventManager, MemoryBroker, toJsonSchema } from '../../server/index.ts';
import { defineEvents } from '../../shared/index.ts';
import { startTestServer } from '../app/harness.ts';
import { startForeignApp } from '../support/foreign-app.ts';
import { dreams, ownRouter } from '../support/foreign-router.ts';
import { CommandHere, runHere } from './here.ts';

const dream = z.object({
  at: z.date(),
  count: z.bigint(),
  seen: z.map(z.string(), z.date()),
  tags: z.set(z.string()),
  text: z.union([z.date(), z.string()]),
  nested: z.array(z.object({ until: z.date().nullable().optional() })).optional(),
});
const catalog = defineEvents({ dream });
const whole: z.infer<typeof dream> = {
  at: new Date(0),
  count: 2n ** 80n,
  seen: new Map([['tower', new Date(1e12)]]),
  tags: new Set(['a', 'b']),
  text: '2026-01-31T12:00:00.000Z', // stays a string on its way
  nested: [{ until: new Date(5) }, { until: null }, {}],
};

async function startServer() {
  const server = await startTestServer({}, { catalog });
  return { ...server, at: ['--url', server.url] };
}

describe('values that JSON does not have', () => {
  test('printed by history and tail arrive equal when they are piped into publish', async () => {
    await using server = await startServer();
    await server.manager.publish('dream', whole, { topic: 'a' });
    const history = await runHere(['history', '--topic', 'a', ...server.at]);
    expect(history).toMatchObject({ code: 0, stderr: '' });
    await using tail = new CommandHere(['tail', '--topic', 'a', '--last', '1', ...server.at]);
    await expect.poll(() => tail.stdout, { timeout: 30_000 }).toContain('\n');
    expect(tail.stdout).toBe(history.stdout);
    // For jq and the like, data is plain.
    expect(JSON.parse(history.stdout).data).toMatchObject({
      at: '1970-01-01T00:00:00.000Z',
      tags: ['a', 'b'],
    });

    expect(await runHere(['publish', '--topic', 'b', ...server.at], history.stdout)).toMatchObject({
      code: 0,
    });
    const events = await Promise.all(
      ['a', 'b'].map(async (topic) => (await server.manager.history({ topic })).items[0]?.event),
    );
    expect(events[1]).toEqual(events[0]);
    expect(events[1]?.data).toEqual(whole);

    // Control: without what the line says of its values, by their schema alone, dates within a map stay texts.
    const { meta: _, cursor: __, ...bare } = JSON.parse(history.stdout);
    expect(new Coercion(toJsonSchema(catalog)).event(bare).data).not.toEqual(whole);
  });

  test('written by hand are converted to the types in the server’s schema', async () => {
    await using server = await startServer();
    const { seen: _, ...plain } = whole;
    const written = { ...plain, count: 7, seen: [], tags: ['a', 'b'], text: 'a text' };
    const data = JSON.stringify({ ...written, at: '1970-01-01' });
    const published = await runHere(['publish', 'dream', data, ...server.at]);
    expect(published).toMatchObject({ code: 0, stderr: '' });
    const lines = `${JSON.stringify({ event_type: 'dream', data: JSON.parse(data) })}\n`;
    expect(await runHere(['publish', ...server.at], lines)).toMatchObject({ code: 0, stderr: '' });
    const { items } = await server.manager.history();
    const made = { ...written, at: new Date(0), count: 7n, seen: new Map(), tags: new Set(['a', 'b']) };
    expect(items.map(({ event }) => event.data)).toEqual([made, made]);
    const wrong = await runHere([
      'publish',
      'dream',
      JSON.stringify({ ...written, at: 'never' }),
      ...server.at,
    ]);
    expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining('data.at') });
  });

  test('are refused with a hint by a server without a schema; data that is plain JSON is not', async () => {
    const manager = new EventManager({ catalog: dreams, broker: new MemoryBroker() });
    await using server = await startForeignApp(ownRouter(manager));
    const at = ['--url', server.url];
    const hint = expect.stringMatching(/data\.at: .*\. Dates, .* toJsonSchema\(catalog\)\.$/m);
    const written = JSON.stringify({ at: '1970-01-01', heard: {}, length: 'four' });
    expect(await runHere(['publish', 'dream', written, ...at])).toMatchObject({ code: 1, stderr: hint });
    expect(await runHere(['publish', 'waking', '{"hour":6}', ...at])).toMatchObject({ code: 0, stderr: '' });
    await manager.close();
  });

  test('stay as they are with an invalid schema, or an event that the schema does not have', () => {
    const event = { event_type: 'dream', data: { at: '1970-01-01' } };
    for (const schema of [null, '<html>', {}, { $defs: [] }])
      expect(new Coercion(schema).event(event)).toBe(event);
    const other = { event_type: 'constructor', data: { at: '1970-01-01' } };
    expect(new Coercion(toJsonSchema(catalog)).event(other)).toBe(other);
  });

  test('are found below references, unions and records', () => {
    type Tree = { at: Date; next?: Tree | undefined };
    const tree: z.ZodType<Tree> = z.lazy(() => z.object({ at: z.date(), next: tree.optional() }));
    const one = z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('a'), value: z.string() }),
      z.object({ kind: z.literal('b'), value: z.bigint() }),
    ]);
    const shapes = defineEvents({ shapes: z.object({ tree, one, by: z.record(z.string(), z.date()) }) });
    const day = '1970-01-01';
    const data = { tree: { at: day, next: { at: day } }, one: { kind: 'b', value: '12' }, by: { x: day } };
    const made = new Coercion(toJsonSchema(shapes)).event({ event_type: 'shapes', data });
    const date = new Date(0);
    expect(made.data).toEqual({
      tree: { at: date, next: { at: date } },
      one: { kind: 'b', value: 12n },
      by: { x: date },
    });
  });
});
