import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EventManager, MemoryBroker } from '../../server/index.ts';
import type { PsycheCatalog, ReplayOptions } from '../../shared/index.ts';
import { agentMessage, systemStatus } from '../support/events.ts';

const START = Date.parse('2026-01-01T12:00:00.000Z');

/** A clock that jumps to the end of each timer at once, and remembers how long it was. */
class JumpingClock {
  time = 0;
  readonly slept: number[] = [];

  now(): number {
    return this.time;
  }

  setTimer(callback: () => void, ms: number): () => void {
    this.slept.push(ms);
    this.time += ms;
    queueMicrotask(callback);
    return () => {};
  }
}

let clock: JumpingClock;
let manager: EventManager;
let broker: MemoryBroker;

const at = (ms: number): string => new Date(START + ms).toISOString();
const say = (n: number, ms: number) =>
  manager.publish('agent_message', agentMessage(n), { timestamp: at(ms) });

beforeEach(() => {
  clock = new JumpingClock();
  broker = new MemoryBroker({ maxRecords: 100 });
  manager = new EventManager({ broker, clock });
});
afterEach(() => manager.close());

/** Collects items, each with its ms of the replay. */
async function replayed(options: ReplayOptions<'agent_message' | 'system_status', PsycheCatalog> = {}) {
  const items: [what: string, ms: number][] = [];
  const cursors: string[] = [];
  for await (const [cursor, item] of manager.replay(options)) {
    const what = item.event_type === 'agent_message' ? item.data.message : item.event_type;
    items.push([what, Math.round(clock.time)]);
    cursors.push(cursor);
  }
  return { items, cursors };
}

describe('replay', () => {
  test.each([
    [1, [0, 1000, 1000, 61_000, 61_000]],
    [2, [0, 500, 500, 30_500, 30_500]],
    [0.5, [0, 2000, 2000, 122_000, 122_000]],
  ])('at speed %d yields every event at its time', async (speed, times) => {
    await say(1, 0);
    await say(2, 1000);
    await say(3, 800); // its publisher's clock is behind: it waits for nobody
    await say(4, 61_000);
    const { items } = await replayed({ speed });
    expect(items.map(([what]) => what)).toEqual(['1', '2', '3', '4', 'stream_synced']);
    expect(items.map(([, ms]) => ms)).toEqual(times);
  });

  test('shortens a pause to maxPauseMs', async () => {
    await say(1, 0);
    await say(2, 8 * 3_600_000);
    await say(3, 8 * 3_600_000 + 100);
    const { items } = await replayed({ maxPauseMs: 3000 });
    expect(items.map(([, ms]) => ms)).toEqual([0, 3000, 3100, 3100]);
  });

  test('sleeps in parts through a pause longer than the longest timer', async () => {
    await say(1, 0);
    await say(2, 40 * 86_400_000);
    await replayed();
    expect(clock.slept).toEqual([2 ** 31 - 1, 40 * 86_400_000 - (2 ** 31 - 1)]);
  });

  test('gives a slow reader what is due, and waits for the rest', async () => {
    for (let n = 1; n <= 4; n++) await say(n, n * 1000);
    const times: number[] = [];
    for await (const [, item] of manager.replay()) {
      times.push(clock.time);
      if (item.event_type === 'agent_message' && item.data.message === '2') clock.time += 1500;
    }
    expect(times).toEqual([0, 1000, 2500, 3000, 3000]);
  });

  test('takes since and until as cursors or times, and since as the last n; until is included', async () => {
    let now = START;
    await manager.close();
    broker = new MemoryBroker({ now: () => now });
    manager = new EventManager({ broker, clock });
    const cursors: string[] = [];
    for (let n = 1; n <= 5; n++) {
      now = START + n * 1000;
      cursors.push((await say(n, n * 1000)).cursor);
    }
    const messages = async (options: Parameters<typeof replayed>[0]) =>
      (await replayed(options)).items
        .map(([what]) => what)
        .filter((what) => what !== 'stream_synced')
        .join('');
    expect(await messages({ since: cursors[1] ?? '' })).toBe('345');
    expect(await messages({ until: cursors[1] ?? '' })).toBe('12');
    expect(await messages({ since: cursors[0] ?? '', until: cursors[2] ?? '' })).toBe('23');
    expect(await messages({ since: { last: 2 } })).toBe('45');
    expect(await messages({ since: { at: at(3000) }, until: { at: at(5000) } })).toBe('34');
    expect(await messages({ since: cursors[3] ?? '', until: cursors[0] ?? '' })).toBe('');
  });

  test('[D6] resumes after a cursor, and a subscription goes on at its end', async () => {
    for (let n = 1; n <= 4; n++) await say(n, n * 1000);
    const first = await replayed();
    const resumed = await replayed({ since: first.cursors[1] ?? '' });
    expect(resumed.items).toMatchObject([
      ['3', 3000],
      ['4', 4000],
      ['stream_synced', 4000],
    ]);
    expect(resumed.cursors.at(-1)).toBe(first.cursors[3]);
  });

  test('[D8] selects by types and filter, and omits events published meanwhile', async () => {
    await say(1, 0);
    await manager.publish('system_status', systemStatus(7), { timestamp: at(500) });
    await say(2, 1000);
    const seen: string[] = [];
    for await (const [, item] of manager.replay({
      types: ['agent_message'],
      filter: { message: '2' },
    })) {
      seen.push(item.event_type === 'agent_message' ? item.data.message : item.event_type);
      await say(2, 2000);
    }
    expect(seen).toEqual(['2', 'stream_synced']);
  });

  test('[D4] tells a gap for trimmed or lost events, and does not wait for it', async () => {
    const { cursor } = await say(0, 0);
    for (let n = 1; n <= 150; n++) await say(n, n * 10);
    const { items } = await replayed({ since: cursor });
    expect(items[0]).toEqual(['stream_gap', 0]);
    expect(items.slice(1, -1).map(([what]) => Number(what))).toEqual(
      Array.from({ length: 100 }, (_, i) => i + 51),
    );
    const elsewhere = await replayed({ since: 'another:7' });
    expect(elsewhere.items.map(([what]) => what).slice(0, 2)).toEqual(['stream_gap', '51']);
    expect(await replayed({ until: 'another:7' })).toMatchObject({
      items: [['stream_synced', expect.anything()]],
    });
  });

  test('ends without an error on a signal, even in the middle of a pause', async () => {
    await manager.close();
    manager = new EventManager({ broker: new MemoryBroker() }); // the machine's clock
    await say(1, 0);
    await say(2, 3_600_000);
    const abort = new AbortController();
    const seen: string[] = [];
    for await (const [, item] of manager.replay({ signal: abort.signal })) {
      seen.push(item.event_type);
      setTimeout(() => abort.abort());
    }
    expect(seen).toEqual(['agent_message']);
  });

  test.each([
    ...[{ speed: 0 }, { speed: -1 }, { speed: Number.NaN }, { speed: 1e9 }, { maxPauseMs: -1 }],
    ...[
      { since: { at: 'yesterday' } },
      { since: { last: Number.NaN } },
      { until: { at: '2026-02-30T00:00:00Z' } },
    ],
  ])('refuses %o', (options) => {
    expect(() => manager.replay(options)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }));
  });

  test('refuses an invalid cursor', () => {
    for (const options of [{ since: 'x' }, { until: 'x' }]) {
      expect(() => manager.replay(options)).toThrow(expect.objectContaining({ code: 'INVALID_CURSOR' }));
    }
  });
});
