import { expect, test } from 'vitest';
import type { PageEvent } from '../../dashboard/events.ts';
import { applicable, type FieldOperator, type Filters, matcher } from '../../dashboard/model/filters.ts';
import { bytes, count, excerpt, millis, percent, shortCount } from '../../dashboard/model/format.ts';
import { healthOf } from '../../dashboard/model/health.ts';
import type { Entry } from '../../dashboard/model/log.ts';
import { createLogReader } from '../../dashboard/model/log.ts';
import { rateOf, ratesPerType } from '../../dashboard/model/rates.ts';
import { sceneAt } from '../../dashboard/model/scene.ts';
import { edgesOf } from '../../dashboard/network/edges.ts';
import { network, said, status } from './events.ts';
import { START, snapshot } from './snapshots.ts';

const NO_FILTERS: Filters = { agents: [], types: [], sentiment: null, text: '', field: null };

type Data = Pick<PageEvent, 'event_type' | 'data'>;

/** A log of events, one each `everyMs` from the start. */
function logOf(events: readonly Data[], everyMs = 1000) {
  return createLogReader()(
    snapshot(
      events.map(
        (event, index) =>
          ({
            ...event,
            timestamp: new Date(START + index * everyMs).toISOString(),
            cursor: `a:${index + 1}`,
          }) as PageEvent,
      ),
    ),
  );
}

const message = (from: string, to: string): Data => ({
  event_type: 'agent_message',
  data: said('Words.', { agent_id: from, metadata: { to } }) as PageEvent<'agent_message'>['data'],
});

test('a rate is over the elapsed time, and over the window once that has passed', () => {
  const { entries } = logOf(Array.from({ length: 120 }, () => message('shadow', 'persona')));
  const rate = (seconds: number): number => {
    const now = START + seconds * 1000;
    const known = entries.filter(({ at }) => at <= now);
    return ratesPerType(known, now, 60_000).get('agent_message')?.rate ?? 0;
  };
  expect(rate(19.5)).toBeCloseTo(1, 1);
  expect(rate(119.5)).toBeCloseTo(1, 1);
  expect(rateOf(entries.slice(0, 7), START + 6500)).toBeCloseTo(1, 0);
  // One event alone is no rate of many a second.
  expect(rate(0)).toBeLessThan(0.3);
});

test('health states its reason, and a busy machine alone is no error', () => {
  const of = (change: Partial<PageEvent<'system_status'>['data']>, cpu = 5) =>
    healthOf({ ...status(cpu), ...change } as PageEvent<'system_status'>['data']);
  expect(of({})).toEqual({ tone: 'healthy', words: 'healthy' });
  expect(of({}, 99)).toEqual({ tone: 'warning', words: 'CPU high' });
  expect(of({ health_status: 'error', error_count: 120 } as never, 99)).toEqual({
    tone: 'error',
    words: '120 errors, CPU high',
  });
  expect(of({ health_status: 'error' } as never)).toEqual({ tone: 'error', words: 'error' });
});

test('agents and sentiments are counted only for events that have them', () => {
  const update = (details: Record<string, unknown>): Data => ({
    event_type: 'network_update',
    data: { ...network('normal'), details } as PageEvent<'network_update'>['data'],
  });
  const system: Data = {
    event_type: 'system_status',
    data: status(5) as PageEvent<'system_status'>['data'],
  };
  const { entries } = logOf([update({ from: 'ego' }), update({ from: 'self' }), system]);
  const rows = (filters: Partial<Filters>): number[] =>
    entries
      .filter((entry: Entry) => matcher({ ...NO_FILTERS, ...filters })(entry, null))
      .map(({ row }) => row);
  expect(rows({ types: ['network_update'], agents: ['ego'] })).toEqual([0]);
  expect(rows({ types: ['system_status'], agents: ['ego'], sentiment: 'negative' })).toEqual([2]);
  expect(rows({ types: ['network_update', 'system_status'], agents: ['ego'] })).toEqual([0]);
  expect(applicable({ types: ['system_status'] })).toEqual({ agents: false, sentiment: false });
});

test('a field of any value is compared with a text, also an object that seems to have methods of its own', () => {
  const values = {
    methods: { toString: 1, valueOf: 2, toISOString: 3 },
    list: [{ toString: 1 }],
    never: new Date(Number.NaN),
    date: new Date(0),
    none: null,
  };
  const event: Data = {
    event_type: 'agent_message',
    // A catalog of a stranger may have any of them there.
    data: { ...said('Words.'), metadata: values } as object as PageEvent<'agent_message'>['data'],
  };
  const [entry] = logOf([event]).entries;
  const meets = (path: string, operator: FieldOperator, value: string) =>
    entry && matcher({ ...NO_FILTERS, field: { path: `metadata.${path}`, operator, value } })(entry, null);
  for (const operator of ['is', 'has', 'lt', 'gt'] as const) {
    for (const path of Object.keys(values)) expect(meets(path, operator, 'other')).toBeTypeOf('boolean');
  }
  expect(meets('methods', 'has', '"toString":1')).toBe(true);
  expect(meets('list', 'is', '[{"toString":1}]')).toBe(true);
  expect(meets('never', 'is', 'Invalid Date')).toBe(true);
  expect(meets('date', 'is', '1970-01-01T00:00:00.000Z')).toBe(true);
  expect(meets('none', 'is', 'null')).toBe(true);
});

test('paths that are full for good are told apart by what was said on them lately', () => {
  const full: Data = { event_type: 'network_update', data: network('normal', 1) as never };
  const busy = Array.from({ length: 20 }, () => message('shadow', 'persona'));
  const calm = Array.from({ length: 5 }, () => message('self', 'ego'));
  const log = logOf([full, ...busy, ...calm]);
  const edges = new Map(
    edgesOf(sceneAt(log, Number.POSITIVE_INFINITY)).map(({ way, share, strength }) => [
      way,
      { share, strength },
    ]),
  );
  expect(edges.get('shadow persona')).toEqual({ share: 1, strength: 1 });
  expect(edges.get('self ego')).toEqual({ share: 0.25, strength: 1 });
  expect(edges.get('ego self')).toEqual({ share: 0, strength: 1 });
});

test('a number of any size takes little room', () => {
  for (const format of [count, shortCount, percent, millis, bytes]) {
    for (const value of [1e5, 123_456_789, 1e15, 1e21, 1e308, -1e14, -1e308]) {
      expect(format(value).length, `${format.name}(${value})`).toBeLessThanOrEqual(11);
    }
  }
  expect([percent(4.25), percent(99.6), count(99_999), millis(12_300), bytes(118e6)]).toEqual([
    '4.3 %',
    '100 %',
    '99,999',
    '12 s',
    '113 MB',
  ]);
});

test('a stagnation beyond 0 and 1 is none, in meter and notes', () => {
  const toldBy = (stagnation: number) => {
    const told = message('shadow', 'ego') as { data: PageEvent<'agent_message'>['data'] };
    return sceneAt(
      logOf([{ event_type: 'agent_message', data: { ...told.data, metadata: { stagnation } } }]),
      0,
    );
  };
  expect([0, 0.5, 1, 7, -1, 1e300].map((value) => toldBy(value).stagnation)).toEqual([
    0,
    0.5,
    1,
    null,
    null,
    null,
  ]);
});

test('a text of many lines is cut as a long one is', () => {
  expect(excerpt('a\nb')).toBe('a\nb');
  expect(excerpt('x'.repeat(30_000))).toHaveLength(1201);
  for (const line of ['\n', '\r\n', '\u2028']) {
    expect(excerpt(line.repeat(900)).split(line), JSON.stringify(line)).toHaveLength(24);
  }
});
