import superjson, { SuperJSON } from 'superjson';
import { describe, expect, test } from 'vitest';
import { fromLogEntry, transformer } from '../../shared/index.ts';
import { decode } from '../../shared/wire/decode.ts';
import { encode } from '../../shared/wire/encode.ts';
import type { Encoded } from '../../shared/wire/format.ts';
import { INPUT_LIMITS, LOG_LIMITS } from '../../shared/wire/limits.ts';
import { overTheWire, read } from './over-the-wire.ts';

/** Counts the visits of a walk over a value as a tree. */
function visits(it: unknown, limit: number): number {
  let count = 0;
  const walk = (at: unknown): void => {
    if (++count > limit || typeof at !== 'object' || at === null) return;
    for (const inner of Object.values(at)) walk(inner);
  };
  walk(it);
  return count;
}

/** Objects in one another, each of which superjson is told to hold the next one twice. */
function doubled(levels: number) {
  let inner: object = {};
  for (let level = 0; level < levels; level++) inner = { a: inner, b: {} };
  const referentialEqualities: Record<string, string[]> = {};
  for (let path = 'a', level = 0; level < levels; level++, path += '.a')
    referentialEqualities[path] = [`${path.slice(0, -1)}b`];
  return { json: inner, meta: { referentialEqualities } };
}

describe('the cost of decoding', () => {
  test('stays that of the sent tree for objects that superjson would share', () => {
    expect(visits(read(doubled(16)), 1e6)).toBe(1 + 2 * 16);
  });

  test('control: grows to 65 536 leaves from 16 levels with superjson', () => {
    expect(visits(superjson.deserialize(doubled(16) as never), 1e6)).toBeGreaterThan(2 ** 16);
  });

  test('is avoided for a place that superjson’s dedupe left out, which is refused with what to do', () => {
    const shared = { a: 1 };
    const encoded = new SuperJSON({ dedupe: true }).serialize({ one: shared, two: shared } as never);
    expect(() => read(encoded)).toThrow(/two: .*send the value at each place/);
    const loop: Record<string, unknown> = {};
    loop['self'] = loop;
    expect(() => read(superjson.serialize({ loop } as never))).toThrow(/without cycles/);
  });

  test('grows with the text of an annotation: properties of a Set are not searched', () => {
    let steps = 0;
    const counting = {
      ownKeys: (target: unknown[]) => Reflect.ownKeys(target),
      get(target: unknown[], name: string | symbol, receiver: unknown) {
        steps++;
        return Reflect.get(target, name, receiver);
      },
    };
    const items = Array.from({ length: 200 }, () => null);
    const values = { s: ['set', Object.fromEntries(items.map((_, index) => [index, ['undefined']]))] };
    const json = { s: new Proxy(items, counting) };
    decode({ json, meta: { values, v: 1 } }, { limits: INPUT_LIMITS });
    expect(steps).toBeLessThan(200 * 20);
  });

  const nested = (levels: number) => JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`) as unknown;

  test.each<[string, Encoded, RegExp]>([
    ['depth', { json: nested(INPUT_LIMITS.maxDepth + 1) }, /nested more than/],
    ['values', { json: Array.from({ length: 11 }, () => 1) }, /more than 10 values/],
    [
      'fields, with their names',
      { json: Object.fromEntries(['a', 'b', 'c', 'd', 'e', 'f'].entries()) },
      /more than 10 values/,
    ],
    [
      'values in all',
      { json: [Array.from({ length: 6 }, () => 1), Array.from({ length: 6 }, () => 1)] },
      /more than 10 values/,
    ],
    [
      'annotations',
      {
        json: [null, null, null, null],
        meta: { values: { 0: ['undefined'], 1: ['undefined'], 2: ['undefined'], 3: ['undefined'] } },
      },
      /more than 3 annotations/,
    ],
    [
      'annotations, equalities among them',
      { json: [[], [], [], []], meta: { referentialEqualities: { 0: ['1', '2', '3'] } } },
      /more than 3 annotations/,
    ],
    [
      'the depth of annotations',
      {
        json: {},
        meta: { values: JSON.parse(`${'[0,{"a":'.repeat(20_000)}["Date"]${'}]'.repeat(20_000)}`) },
      },
      /Invalid/,
    ],
    [
      'the length of a path',
      { json: {}, meta: { values: { ['a.'.repeat(30_000)]: ['Date'] } } },
      /is annotated, but does not exist/,
    ],
  ])('is bounded in %s', (_, encoded, message) => {
    const limits = { ...INPUT_LIMITS, maxNodes: 10, maxAnnotations: 3 };
    const large = { ...limits, maxNodes: 1_000 };
    expect(() => decode(encoded, { limits: message.source.includes('values') ? limits : large })).toThrow(
      message,
    );
  });

  test('allows the largest possible network, and not a body of 1 MiB full of the smallest values', () => {
    const connection = { from: 'a', to: 'b', strength: 1, is_active: true, type: 'normal' };
    const connections = Array.from({ length: 10_000 }, () => connection);
    const data = { connections, communication_stats: {}, event_type: 'all' };
    expect(decode({ json: { data } }, { limits: INPUT_LIMITS })).toEqual({ data });
    for (const small of ['{}', '[]', '0', '""']) {
      const text = `[${Array.from({ length: Math.floor(2 ** 20 / (small.length + 1)) }, () => small)}]`;
      const json = { data: { metadata: { all: JSON.parse(text) as unknown } } };
      expect(() => decode({ json }, { limits: INPUT_LIMITS })).toThrow(/more than 125000 values/);
      expect(decode({ json }, { limits: LOG_LIMITS })).toBe(json); // the control
    }
  });

  test('is counted over the whole input for expensive values, and not counted for a log', () => {
    const patterns = (count: number) => Array.from({ length: count }, (_, n) => `/${n}\\p{RGI_Emoji}/v`);
    const values = (count: number) => Object.fromEntries(patterns(count).map((_, n) => [n, ['regexp']]));
    const encoded = (count: number) => ({ json: patterns(count), meta: { values: values(count), v: 1 } });
    expect(read(encoded(20))).toHaveLength(20);
    expect(() => read(encoded(100))).toThrow(/regexp beyond the 1000 characters/);
    expect(decode(encoded(100), { limits: LOG_LIMITS })).toHaveLength(100);
    const international = new URL('http://ä.example/ö?ü#ß'); // which becomes ASCII
    expect(read(encode({ international }))).toEqual({ international });
  });

  test('allows a log of an earlier version, with equalities, to be read as written', () => {
    const at = new Date(5);
    const { json, meta } = superjson.serialize({ data: { data: { one: [at], two: [at] } } } as never);
    expect(meta?.referentialEqualities).toBeDefined();
    const entry = { json: JSON.stringify((json as { data: unknown }).data), meta: JSON.stringify(meta) };
    expect(fromLogEntry(entry)).toEqual({ data: { one: [at], two: [at] } });
    expect(() => decode({ json: nested(300) }, { limits: LOG_LIMITS })).toThrow(/nested/);
  });

  test('allows an answer to be read as deep as it is written', () => {
    const deep = { page: nested(310), at: new Date(5) };
    expect(transformer.output.deserialize(overTheWire(transformer.output.serialize(deep)))).toEqual(deep);
  });
});
