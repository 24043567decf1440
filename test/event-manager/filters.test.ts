import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { select } from '../../server/event-manager/records/selector.ts';
import { EventManager, MemoryBroker } from '../../server/index.ts';
import { historyInput } from '../../server/router/inputs.ts';
import { compileFilter } from '../../shared/filter/compile.ts';
import { compileLatestBy } from '../../shared/filter/latest-by.ts';
import type { AnyFilter } from '../../shared/filter/types.ts';
import { defineEvents, type EventsError } from '../../shared/index.ts';
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
    ['an empty filter', {}, [1, 2, 3, 'high']],
    ['an inherited property, which is no field', { 'tags.constructor': { exists: true } }, []],
  ])('selects by %s', async (_, filter, expected) => {
    expect(await found(filter)).toEqual(expected);
  });

  test('selects the same events live, in a replay and in history', async () => {
    const filter = { value: { gte: 2 } } as const;
    using stream = new Collector((signal) => manager.subscribe({ filter, since: { last: 10 }, signal }));
    await stream.count(3);
    for (const value of [1, 5, 0, 6]) await manager.publish('reading', reading('c', value));
    await stream.count(5);
    const values = stream.ofType('reading').map(({ data }) => (data as { value: number }).value);
    expect(values).toEqual([2, 3, 5, 6]);
    expect(await found(filter)).toEqual([2, 3, 5, 6]);
  });

  test('has another key than one that only looks alike in JSON, such as a Date and its text', () => {
    const either = defineEvents({ e: z.object({ x: z.union([z.date(), z.string()]) }) });
    const keyOf = (x: Date | string) => select(either, { filter: { x } }).key;
    expect(keyOf(new Date(0))).not.toBe(keyOf(new Date(0).toISOString()));
    expect(keyOf(new Date(0))).toBe(keyOf(new Date(0)));
  });

  test.each<[string, object, (string | number)[], RegExp]>([
    ['a field that no event has', { sensr: 'a' }, ['filter', 'sensr'], /no field/],
    [
      'a field that the given types do not have',
      { level: 'high' },
      ['filter', 'level'],
      /no field that reading/,
    ],
    ['an array, which cannot be compared', { list: 'a' }, ['filter', 'list'], /no field/],
    ['a value of another kind', { value: { gt: 'x' } }, ['filter', 'value', 'gt'], /number/],
    ['an ordering of booleans', { 'tags.x': { gt: true } }, ['filter', 'tags.x', 'gt'], /compared/],
    ['an unknown operator', { value: { near: 3 } }, ['filter', 'value', 'near'], /operator/],
    ['a prefix of a number', { value: { prefix: 1 } }, ['filter', 'value', 'prefix'], /compared/],
    ['in without an array', { value: { in: 3 } }, ['filter', 'value', 'in'], /array/],
    ['a mistake inside or', { or: [{ value: 1 }, { x: 1 }] }, ['filter', 'or', 1, 'x'], /no field/],
    ['or without an array', { or: { value: 1 } }, ['filter', 'or'], /array/],
    [
      'too many levels',
      { not: { not: { not: { not: { not: { not: { not: { not: {} } } } } } } } },
      ['filter', ...Array(8).fill('not')],
      /levels/,
    ],
    ['the prototype', JSON.parse('{"__proto__":1}'), ['filter', '__proto__'], /no field/],
  ])('with a mistake is refused with its path: %s', (_, filter, path, message) => {
    const subscribe = () => manager.subscribe({ types: ['reading'], filter: filter as Filter });
    expect(subscribe).toThrow(message);
    expect(subscribe).toThrow(
      expect.objectContaining({ code: 'INVALID_FILTER', issues: [expect.objectContaining({ path })] }),
    );
  });
});

describe('[D8] a name in a filter', () => {
  const open = defineEvents({
    e: z.object({ tags: z.record(z.string(), z.json()), 'model.name': z.string().optional() }),
  });
  const matches = (filter: object, tags: string, extra: object = {}) =>
    compileFilter(open, ['e'], filter as AnyFilter).matches({
      data: open.parse('e', { tags: JSON.parse(tags), ...extra }),
    });

  test('writes dots and backslashes with a backslash, as in superjson’s paths', () => {
    expect(matches({ 'tags.model\\.name': 'llama' }, '{"model.name":"llama"}')).toBe(true);
    expect(matches({ 'tags.model\\.name': 'llama' }, '{"model":{"name":"llama"}}')).toBe(false);
    expect(matches({ 'tags.model.name': 'llama' }, '{"model":{"name":"llama"}}')).toBe(true);
    expect(matches({ 'tags.model.name': 'llama' }, '{"model.name":"llama"}')).toBe(false);
    expect(matches({ 'tags.b\\\\.x': 1 }, '{"b\\\\":{"x":1}}')).toBe(true);
    expect(matches({ 'model\\.name': 'a' }, '{}', { 'model.name': 'a' })).toBe(true);
    expect(() => matches({ 'tags.a\\b': 1 }, '{}')).toThrow(/no field/);
  });

  test('may be one that every object inherits', () => {
    expect(matches({ 'tags.constructor': 'clay' }, '{"constructor":"clay"}')).toBe(true);
    expect(matches({ 'tags.__proto__': 1 }, '{"__proto__":1}')).toBe(true);
    expect(matches({ 'tags.__proto__.x': 1 }, '{"__proto__":{"x":1}}')).toBe(true);
    for (const name of ['constructor', '__proto__', 'toString'])
      expect(matches({ [`tags.${name}`]: { exists: true } }, '{}')).toBe(false);
  });

  test('is not dropped on the way in if it is __proto__, which would let everything through', () => {
    const input = historyInput(open.names).parse({ filter: JSON.parse('{"__proto__":1}') });
    expect(() => compileFilter(open, ['e'], input?.filter ?? {})).toThrow(/no field/);
    expect(z.record(z.string(), z.unknown()).parse(JSON.parse('{"__proto__":1}'))).toEqual({}); // the control
  });
});

describe('[D8] a filter that exceeds a limit is refused unread', () => {
  const wide = defineEvents({ e: z.object({ n: z.number(), s: z.string(), b: z.bigint(), d: z.date() }) });
  const compile = (filter: object) => () => compileFilter(wide, ['e'], filter as AnyFilter);

  /** Texts of 1000 characters each. */
  const texts = (count: number) => Array.from({ length: count }, (_, n) => `${n}`.padEnd(1000, 'x'));

  /** A list that tells how many of its items were looked at. */
  function counted<T>(length: number, item: T): { list: T[]; looked: () => number } {
    let looked = 0;
    const list = new Proxy(
      Array.from({ length }, () => item),
      {
        get(target, key, receiver) {
          if (typeof key === 'string' && /^\d+$/.test(key)) looked++;
          return Reflect.get(target, key, receiver);
        },
      },
    );
    return { list, looked: () => looked };
  }

  test.each<[string, (list: unknown[]) => object, unknown, RegExp]>([
    ['conditions', (or) => ({ or }), { n: 1 }, /at most 64 conditions/],
    ['filters without a condition', (and) => ({ and }), {}, /at most 512 parts/],
    ['values of an in', (list) => ({ n: { in: list } }), 1, /at most 100 values/],
    ['mistakes', (or) => ({ or }), { nobody: 1 }, /no field/],
  ])('beyond the limit of %s', (_, of, item, message) => {
    const { list, looked } = counted(50_000, item);
    const attempt = compile(of(list));
    expect(attempt).toThrow(message);
    expect(looked()).toBeLessThan(600);
    try {
      attempt();
    } catch (error) {
      expect((error as EventsError).issues.length).toBeLessThanOrEqual(8);
      expect((error as EventsError).message.length).toBeLessThan(4096);
    }
    expect(counted(50_000, 1).list.filter((each) => each > 0)).toHaveLength(50_000); // the control: all can be read
  });

  test.each<[string, object, RegExp]>([
    ['the length of a text', { s: { prefix: 'x'.repeat(1025) } }, /1024 characters/],
    ['the length of a text among others', { s: { in: ['x', 'x'.repeat(1025)] } }, /1024 characters/],
    ['the size of a bigint', { b: { gt: 2n ** 1024n } }, /1024/],
    ['the range of a date', { d: { gt: new Date(Number.NaN) } }, /valid date/],
    ['the length of a path', { ['n.'.repeat(101)]: 1 }, /no field/],
    ['texts in all', { s: { in: texts(17) } }, /16384 characters/],
    ['texts in all, of several conditions', { and: texts(17).map((s) => ({ s })) }, /16384 characters/],
  ])('beyond the limit of %s', (_, filter, message) => {
    expect(compile(filter)).toThrow(message);
  });

  test('and one at its limits is accepted', () => {
    expect(compile({ or: Array.from({ length: 64 }, (_, n) => ({ n })) })).not.toThrow();
    expect(compile({ n: { in: Array.from({ length: 100 }, (_, n) => n) } })).not.toThrow();
    expect(compile({ s: { in: texts(16) } })).not.toThrow();
    expect(compile({ s: { prefix: 'x'.repeat(1024) }, b: { lt: 2n ** 1024n - 1n } })).not.toThrow();
  });

  test('and a recursive schema with two branches is searched once for each key of a path', () => {
    const node: z.ZodType = z.lazy(() =>
      z.union([z.object({ a: node }), z.object({ a: node, b: z.string() })]),
    );
    const twice = defineEvents({ e: node });
    const path = `${'a.'.repeat(60)}b`;
    expect(() => compileFilter(twice, ['e'], { [path]: 'x' })).not.toThrow();
  });
});

test.each<[string, unknown, RegExp]>([
  ['a pattern in place of a value', { sensor: /^a/ }, /sensor.*cannot be compared with object/],
  ['a Set in place of a list', { sensor: new Set(['a']) }, /sensor.*cannot be compared with object/],
  ['a Map of conditions', { sensor: new Map([['eq', 'a']]) }, /sensor.*cannot be compared with object/],
  ['a value that is not there yet', { by: Promise.resolve('alice') }, /by.*cannot be compared with object/],
  ['inherited conditions', { sensor: Object.create({ eq: 'a' }) }, /sensor.*cannot be compared with object/],
  ['a Map in place of a filter', new Map([['sensor', 'a']]), /filter: must be an object of conditions/],
  ['a Map among filters', { or: [new Map()] }, /must be an object of conditions/],
])('a filter in which nothing can be seen is refused, and does not match all: %s', (_, filter, message) => {
  expect(() => compileFilter(catalog, ['reading'], filter as AnyFilter)).toThrow(message);
});

test('[D8] equal filters have equal keys, however they are written', () => {
  const keyOf = (filter: object) => compileFilter(catalog, ['reading'], filter as AnyFilter).key;
  expect(keyOf({ sensor: 'a', value: { gt: 1, lt: 2 } })).toBe(
    keyOf({ value: { lt: 2, gt: 1 }, sensor: { eq: 'a' } }),
  );
  expect(keyOf({ sensor: { in: ['a', 'b'] } })).toBe(keyOf({ sensor: { in: ['b', 'a'] } }));
  expect(keyOf({ count: 1n })).not.toBe(keyOf({ count: 2n }));
  expect(keyOf({ 'tags.x': 1 })).not.toBe(keyOf({ 'tags.x': '1' }));
  expect(keyOf({ not: { sensor: 'a' } })).not.toBe(keyOf({ sensor: 'a' }));
});

describe('latestBy: the name of a value', () => {
  const open = defineEvents({ e: z.object({ at: z.unknown() }) });
  const nameOf = compileLatestBy(open, ['e'], 'at');
  const ofValue = (at: unknown) => nameOf('e', { at });

  test('is short for any value, since each subscription keeps one for each event it holds', () => {
    const long = 'x'.repeat(1_000_000);
    for (const at of [long, { long }, [long], new Map([[long, long]])]) {
      expect(ofValue(at).length).toBeLessThan(1100);
      expect(JSON.stringify(at instanceof Map ? [...at] : at).length).toBeGreaterThan(1_000_000); // the control
    }
  });

  test('differs for different values, except lists and objects, which share one', () => {
    const values = ['1', 1, 1n, true, null, new Date(1), Number.NaN, 'x'.repeat(1024), 'x'.repeat(1025), {}];
    expect(new Set(values.map(ofValue)).size).toBe(values.length);
    expect(ofValue(new Date(1))).toBe(ofValue(new Date(1)));
    expect(ofValue({ a: 1 })).toBe(ofValue([2]));
    expect(ofValue(undefined)).toBe(ofValue(null));
  });
});
