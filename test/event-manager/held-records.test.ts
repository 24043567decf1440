import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Asker, HeldRecords, ownAsker } from '../../server/event-manager/reading/asker.ts';
import { RecentBudget, RecentRecords } from '../../server/event-manager/records/recent-records.ts';
import { EventManager, MemoryBroker } from '../../server/index.ts';
import { agentMessage } from '../support/events.ts';
import { turns } from '../support/turns.ts';
import { holdTimeouts } from './timeouts.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const HOUR_MS = 3_600_000;
const EVENT_CHARS = 20 * KIB;
/** For each topic, of as many agents: less than one subscription would hold by itself. */
const EVENTS = 10;

let manager: EventManager;

beforeEach(() => {
  holdTimeouts();
  manager = new EventManager({ broker: new MemoryBroker() });
});
afterEach(async () => {
  vi.useRealTimers();
  await manager.close();
});

/** Publishes to topics, each of which is followed with an interval of an hour. @returns characters that were not delivered yet */
async function heldOf(topics: number, askerOf: (topic: number) => Asker) {
  let delivered = 0;
  let lost = 0;
  const end = new AbortController();
  const followers = Array.from({ length: topics }, async (_, n) => {
    const asker = askerOf(n);
    const options = {
      topic: `topic-${n}`,
      every: HOUR_MS,
      latestBy: 'agent_id',
      asker,
      signal: end.signal,
    } as const;
    for await (const [, item] of manager.subscribe({ ...options, types: ['agent_message'] })) {
      if (item.event_type === 'agent_message') delivered++;
      if (item.event_type === 'stream_gap') lost += item.data.lost ?? Number.NaN;
    }
  });
  await turns(20);
  for (let n = 0; n < topics; n++) {
    for (let event = 0; event <= EVENTS; event++) {
      const data = { ...agentMessage(event), agent_id: `agent-${event}`, message: 'x'.repeat(EVENT_CHARS) };
      await manager.publish('agent_message', data, { topic: `topic-${n}` });
      if (event === 0) await turns(20); // it is delivered at once
    }
    await turns(20);
  }
  const held = (topics * (EVENTS + 1) - delivered) * EVENT_CHARS;
  vi.advanceTimersByTime(HOUR_MS);
  await turns(20);
  end.abort();
  await Promise.all(followers);
  expect(lost).toBe(0);
  expect(delivered).toBe(topics * (EVENTS + 1)); // early or late: every key's latest
  return held;
}

describe('the records that intervals hold back', () => {
  test('are bounded for one connection: beyond that the largest interval delivers early, and nothing is lost', async () => {
    const asker = ownAsker();
    const held = await heldOf(30, () => asker);
    expect(held).toBeLessThanOrEqual(MIB);
    expect(held).toBeGreaterThan(MIB / 2);
  });

  test('control: all wait for the end of the interval when they are of several connections', async () => {
    expect(await heldOf(30, ownAsker)).toBe(30 * EVENTS * EVENT_CHARS);
  });

  test('are bounded for all connections together', async () => {
    const held = await heldOf(110, ownAsker);
    expect(held).toBeLessThanOrEqual(16 * MIB);
    expect(held).toBeGreaterThan(8 * MIB);
  });

  test('are given up by the largest holder first, and no longer counted once given up or gone', () => {
    const gaveUp: string[] = [];
    const held = new HeldRecords(100, 150);
    const holder = (name: string) => ({ giveUp: () => void gaveUp.push(name) });
    const [small, large, other] = [holder('small'), holder('large'), holder('other')];
    const [asker, another] = [ownAsker(), ownAsker()];
    held.set(asker, small, 10);
    held.set(asker, large, 80);
    expect(gaveUp).toEqual([]);
    held.set(asker, small, 30);
    expect(gaveUp).toEqual(['large']);
    expect(held.chars).toBe(30);
    held.set(asker, large, 60);
    held.set(another, other, 90);
    expect(gaveUp).toEqual(['large', expect.stringMatching(/large|other/)]);
    held.set(asker, small, 0);
    expect(held.chars).toBeLessThanOrEqual(90);
  });
});

test('the recent records of all topics are bounded together, and the largest topic keeps half', () => {
  const budget = new RecentBudget(1000);
  const fill = (records: RecentRecords, count: number) => {
    for (let seq = 1; seq <= count; seq++) {
      records.push({ epoch: 'e', seq, cursor: `e:${seq}`, type: 't', json: 'x'.repeat(10) });
    }
    budget.note(records);
    return records;
  };
  const large = fill(new RecentRecords(1000, 10_000), 80);
  const small = fill(new RecentRecords(1000, 10_000), 10);
  expect([large.chars, small.chars]).toEqual([800, 100]);
  const more = fill(new RecentRecords(1000, 10_000), 20);
  expect([large.chars, small.chars, more.chars]).toEqual([400, 100, 200]);
  expect(large.after({ epoch: 'e', seq: 40 }, 100)).toHaveLength(40);
  expect(large.after({ epoch: 'e', seq: 39 }, 100)).toBeNull();
});
