import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { select } from '../../server/event-manager/selector.ts';
import { EventManager, MemoryBroker } from '../../server/index.ts';
import { defineEvents } from '../../shared/index.ts';
import { Collector } from '../support/collect.ts';

const catalog = defineEvents({
  reading: z.object({
    sensor: z.string(),
    value: z.number(),
    at: z.date(),
    count: z.bigint(),
    note: z.string().nullish(),
    tags: z.record(z.string(), z.json()),
    place: z.union([z.object({ room: z.string() }), z.object({ lat: z.number() })]),
    list: z.array(z.string()),
  }),
  alarm: z.object({ sensor: z.string(), level: z.enum(['low', 'high']) }),
});

let manager: EventManager<typeof catalog>;
const reading = (sensor: string, value: number, extra: object = {}) => ({
  sensor,
  value,
  at: new Date(value * 1000),
  count: BigInt(value),
  tags: {},
  place: { room: 'hall' },
  list: [],
  ...extra,
});

beforeEach(async () => {
  manager = new EventManager({ catalog, broker: new MemoryBroker() });
  await manager.publish(
    'reading',
    reading('a-1', 1, { note: 'first', tags: { zone: 'north', deep: { er: 1 } } }),
  );
  await manager.publish('reading', reading('a-2', 2, { place: { lat: 47 } }));
  await manager.publish('reading', reading('b-1', 3, { note: null, tags: { zone: 'south' } }));
  await manager.publish('alarm', { sensor: 'a-1', level: 'high' });
});
afterEach(() => manager.close());

type Filter = NonNullable<Parameters<typeof manager.history>[0]>['filter'];
const found = async (filter: Filter) => {
  const { items } = await manager.history({ filter });
  return items.map(({ event }) => (event.event_type === 'reading' ? event.data.value : event.data.level));
};

describe('[D8] a filter', () => {
  test.each<[string, Filter, unknown[]]>([
    ['a bare value', { sensor: 'a-1' }, [1, 'high']],
    ['eq', { value: { eq: 2 } }, [2]],
    ['ne', { sensor: { ne: 'a-1' } }, [2, 3]],
    ['in', { sensor: { in: ['a-2', 'b-1'] } }, [2, 3]],
    ['gt and lte together', { value: { gt: 1, lte: 3 } }, [2, 3]],
    ['gte on a Date', { at: { gte: new Date(2000) } }, [2, 3]],
    ['lt on a bigint', { count: { lt: 3n } }, [1, 2]],
    ['prefix', { sensor: { prefix: 'a-' } }, [1, 2, 'high']],
    ['exists', { note: { exists: true } }, [1]],
    ['exists false: missing and null alike', { note: { exists: false }, value: { gt: 0 } }, [2, 3]],
    ['a key of a record', { 'tags.zone': 'south' }, [3]],
    ['a key of JSON in a record', { 'tags.deep.er': 1 }, [1]],
    ['a field of one branch of a union', { 'place.room': 'hall' }, [1, 3]],
    ['a field that only one of the events has', { level: 'high' }, ['high']],
    ['or', { or: [{ value: 1 }, { level: 'high' }] }, [1, 'high']],
    ['and', { and: [{ value: { gt: 1 } }, { sensor: { prefix: 'b' } }] }, [3]],
    ['not', { not: { sensor: { prefix: 'a' } } }, [3]],
    ['nothing', {}, [1, 2, 3, 'high']],
    ['an inherited property, which is no field', { 'tags.constructor': { exists: true } }, []],
  ])('%s', async (_, filter, expected) => {
    expect(await found(filter)).toEqual(expected);
  });

  test('is the same live, on replay and in history', async () => {
    const filter = { value: { gte: 2 } } as const;
    using stream = new Collector((signal) => manager.subscribe({ filter, since: { last: 10 }, signal }));
    await stream.count(3);
    for (const value of [1, 5, 0, 6]) await manager.publish('reading', reading('c', value));
    await stream.count(5);
    const values = stream.ofType('reading').map(({ data }) => (data as { value: number }).value);
    expect(values).toEqual([2, 3, 5, 6]);
    expect(await found(filter)).toEqual([2, 3, 5, 6]);
  });

  test('that looks alike in JSON is not the same: a key tells a Date from its text', () => {
    const either = defineEvents({ e: z.object({ x: z.union([z.date(), z.string()]) }) });
    const keyOf = (x: Date | string) => select(either, { filter: { x } }).key;
    expect(keyOf(new Date(0))).not.toBe(keyOf(new Date(0).toISOString()));
    expect(keyOf(new Date(0))).toBe(keyOf(new Date(0)));
  });

  test.each<[string, object, (string | number)[], RegExp]>([
    ['a field nobody has', { sensr: 'a' }, ['filter', 'sensr'], /no field/],
    ['a field the given types do not have', { level: 'high' }, ['filter', 'level'], /no field that reading/],
    ['an array, which cannot be compared', { list: 'a' }, ['filter', 'list'], /no field/],
    ['a value of another kind', { value: { gt: 'x' } }, ['filter', 'value', 'gt'], /number/],
    ['an order of booleans', { 'tags.x': { gt: true } }, ['filter', 'tags.x', 'gt'], /compared/],
    ['an unknown operator', { value: { near: 3 } }, ['filter', 'value', 'near'], /operator/],
    ['a prefix of a number', { value: { prefix: 1 } }, ['filter', 'value', 'prefix'], /compared/],
    ['in without an array', { value: { in: 3 } }, ['filter', 'value', 'in'], /array/],
    ['a wrong part of or', { or: [{ value: 1 }, { x: 1 }] }, ['filter', 'or', 1, 'x'], /no field/],
    ['or without an array', { or: { value: 1 } }, ['filter', 'or'], /array/],
    [
      'too deep',
      { not: { not: { not: { not: { not: { not: { not: { not: {} } } } } } } } },
      ['filter', ...Array(8).fill('not')],
      /levels/,
    ],
    ['the prototype', JSON.parse('{"__proto__":1}'), ['filter', '__proto__'], /no field/],
  ])('that is wrong is refused with its path: %s', (_, filter, path, message) => {
    const subscribe = () => manager.subscribe({ types: ['reading'], filter: filter as Filter });
    expect(subscribe).toThrow(message);
    expect(subscribe).toThrow(
      expect.objectContaining({ code: 'INVALID_FILTER', issues: [expect.objectContaining({ path })] }),
    );
  });
});
