import { expect, test, vi } from 'vitest';
import * as z from 'zod';
import { KnownTexts } from '../../server/event-manager/records/known-texts.ts';
import { EventManager, MemoryBroker } from '../../server/index.ts';
import { defineEvents } from '../../shared/index.ts';

const text = (it: unknown, type = 'one') =>
  JSON.stringify({ event_type: type, timestamp: '2026-01-01T00:00:00Z', data: { it } });
const record = (json: string, type = 'one', meta?: string) => ({
  epoch: 'e',
  seq: 1,
  cursor: 'e:1',
  at: 0,
  id: json,
  type,
  json,
  ...(meta !== undefined && { meta }),
});

test('a record read again is not validated again; another text in its place, or its text under another type, is', async () => {
  const catalog = defineEvents({ one: z.object({ it: z.number() }), two: z.object({ it: z.string() }) });
  const parse = vi.fn(catalog.parse);
  const broker = new MemoryBroker();
  const manager = new EventManager({ catalog: { ...catalog, parse } as typeof catalog, broker });
  const publish = (topic: string, type: string, json: string) =>
    broker.publish(topic, [{ type, id: `${topic}-${Math.random()}`, json }]);
  const read = (topic: string) => manager.history({ topic, since: { at: new Date(0).toISOString() } });
  await publish('a', 'one', text(1));
  await publish('b', 'one', text(1));
  await publish('c', 'one', text('no number'));
  await publish('d', 'two', text(1));
  for (const topic of ['a', 'a', 'b']) expect((await read(topic)).items).toHaveLength(1);
  expect(parse).toHaveBeenCalledTimes(1);
  for (const topic of ['c', 'c', 'd', 'd'])
    expect(await read(topic)).toMatchObject({ items: [], gaps: [{ lost: 1, reason: 'dropped' }] });
  await manager.close();
});

test('a text is known with its type, version and annotations, within a number of characters', () => {
  const known = new KnownTexts(200);
  const [first, second, third] = [text(1), text(2), text(3)].map((json) => record(json)) as [
    ReturnType<typeof record>,
    ReturnType<typeof record>,
    ReturnType<typeof record>,
  ];
  const has = (each: ReturnType<typeof record> & { version?: number }) => known.became(each) !== undefined;
  known.add(first, null);
  known.add(first, null);
  known.add(second, null);
  expect([first, second].map((each) => known.became(each))).toEqual([null, null]);
  expect(has({ ...first, type: 'two' })).toBe(false);
  expect(has({ ...first, meta: '{}' })).toBe(false);
  expect(has({ ...first, version: 2 })).toBe(false);
  known.add(third, null);
  known.add(record(text('x'.repeat(20_000))), null);
  const now = [first, second, third].filter(has);
  expect(now.at(-1)).toBe(third);
  expect(now.reduce((sum, { json }) => sum + json.length, 0)).toBeLessThanOrEqual(200);
  expect(has(first)).toBe(false);
});

test('the text that another became is known with it, and counts', () => {
  const known = new KnownTexts(300);
  const [first, second] = [record(text(1)), record(text(2))];
  const became = { json: text('x'.repeat(100)), meta: '{}' };
  known.add(first, became);
  expect(known.became({ ...first, seq: 7, cursor: 'e:7' })).toEqual(became);
  expect(known.became({ ...first, meta: '{}' })).toBeUndefined();
  // Both with what became of them are more than 300 characters.
  known.add(second, became);
  expect([first, second].map((each) => known.became(each))).toEqual([undefined, became]);
  known.clear();
  expect(known.became(second)).toBeUndefined();
});
