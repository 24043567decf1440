import { describe, expect, test } from 'vitest';
import { EventManager, type SubscribeOptions } from '../../server/index.ts';
import type { EventName, PsycheCatalog, StreamGap } from '../../shared/index.ts';
import { brokerKinds } from '../broker/contract/fixtures.ts';
import { agentMessage, systemStatus } from '../support/events.ts';

type Name = EventName<PsycheCatalog>;

/** Statuses that are kept; messages all are. */
const STATUSES = 3;
const ROUNDS = 40;

/** A log of rounds: a message, then four statuses. */
async function openLog(kind: (typeof brokerKinds)[number]) {
  const log = await kind.open({
    retention: { agent_message: '30 days', system_status: { records: STATUSES } },
  });
  const manager = new EventManager({ broker: log.broker, lingerMs: 0 });
  const [first] = await manager.publishBatch([{ event_type: 'agent_message', data: agentMessage(0) }]);
  for (let round = 1; round < ROUNDS; round++) {
    await manager.publishBatch([
      ...[1, 2, 3, 4].map((n) => ({ event_type: 'system_status' as const, data: systemStatus(n) })),
      { event_type: 'agent_message', data: agentMessage(round) },
    ]);
  }
  return { log, manager, start: first?.cursor ?? '' };
}

/** All items up to the first `stream_synced`. */
async function caughtUp(manager: EventManager, options: SubscribeOptions<Name, PsycheCatalog>) {
  const messages: number[] = [];
  let statuses = 0;
  const gaps: StreamGap['data'][] = [];
  for await (const [, item] of manager.subscribe(options)) {
    if (item.event_type === 'agent_message') messages.push(Number(item.data.message));
    else if (item.event_type === 'system_status') statuses++;
    else if (item.event_type === 'stream_gap') gaps.push(item.data);
    else if (item.event_type === 'stream_synced')
      return { messages, statuses, gaps, recovered: item.data.recovered };
  }
  throw new Error('ended without stream_synced');
}

const allRounds = Array.from({ length: ROUNDS }, (_, index) => index);
const lostOf = (gaps: readonly StreamGap['data'][]) => gaps.reduce((sum, { lost }) => sum + (lost ?? 0), 0);
/** All statuses but those that are kept. */
const LOST = 4 * (ROUNDS - 1) - STATUSES;

describe.each(brokerKinds)('retention by type, with $name', (kind) => {
  test('[D4] [D5] a follower of a type beside a chatty one that was trimmed is told of nothing', async () => {
    const { log, manager, start } = await openLog(kind);
    await using _ = log;
    const got = await caughtUp(manager, { types: ['agent_message'], since: start });
    expect(got).toEqual({ messages: allRounds.slice(1), statuses: 0, gaps: [], recovered: true });
    await manager.close();
  });

  test('[D4] [D5] a follower of the chatty one is told its gaps, and gets all else', async () => {
    const { log, manager, start } = await openLog(kind);
    await using _ = log;
    const statuses = await caughtUp(manager, { types: ['system_status'], since: start });
    expect(statuses).toMatchObject({ messages: [], statuses: STATUSES, recovered: false });
    const all = await caughtUp(manager, { since: start });
    expect(all).toMatchObject({ messages: allRounds.slice(1), statuses: STATUSES, recovered: false });
    for (const { gaps } of [statuses, all]) {
      expect(lostOf(gaps)).toBe(LOST);
      expect(new Set(gaps.map(({ reason }) => reason))).toEqual(new Set(['trimmed']));
    }
    await manager.close();
  });

  test('[D8] history and replay tell the same, forward and backward', async () => {
    const { log, manager, start } = await openLog(kind);
    await using _ = log;
    const page = await manager.history({ types: ['agent_message'], since: start, limit: 1000 });
    expect(page.items).toHaveLength(ROUNDS - 1);
    expect(page.gaps).toEqual([]);
    const backward: string[] = [];
    const gaps: StreamGap['data'][] = [];
    for (let before: string | null | undefined; before !== null; ) {
      const older = await manager.history({ limit: 7, ...(before !== undefined && { before }) });
      backward.unshift(...older.items.map(({ cursor }) => cursor));
      gaps.unshift(...older.gaps);
      before = older.previous;
    }
    const forward = await manager.history({ since: `${start.split(':')[0]}:0`, limit: 1000 });
    expect(backward).toEqual(forward.items.map(({ cursor }) => cursor));
    expect(backward).toHaveLength(ROUNDS + STATUSES);
    for (const told of [gaps, forward.gaps]) expect(lostOf(told)).toBe(LOST);
    const last = await manager.history({ types: ['agent_message'], since: { last: 5 } });
    expect(last.items).toHaveLength(5);
    expect(last.gaps).toEqual([]);
    const replayed: string[] = [];
    for await (const [cursor, item] of manager.replay({
      types: ['agent_message'],
      speed: 1000,
      maxPauseMs: 0,
    }))
      replayed.push(item.event_type === 'agent_message' ? cursor : item.event_type);
    expect(replayed.slice(-1)).toEqual(['stream_synced']);
    expect(replayed).toHaveLength(ROUNDS + 1);
    await manager.close();
  });

  test('[D9] a paced subscriber keeps the latest of each key across holes', async () => {
    const { log, manager, start } = await openLog(kind);
    await using _ = log;
    const options = { since: start, every: 60_000 };
    const got = await caughtUp(manager, options);
    expect(got.messages.at(-1)).toBe(ROUNDS - 1);
    expect(got.statuses).toBeGreaterThan(0);
    const quiet = await caughtUp(manager, { ...options, types: ['agent_message'] });
    expect(quiet.messages.at(-1)).toBe(ROUNDS - 1);
    expect(quiet.gaps.every(({ reason }) => reason === 'conflated')).toBe(true);
    await manager.close();
  });

  test('[D4] several topics: a merged subscription is told no more than those of each topic', async () => {
    const { log, manager, start } = await openLog(kind);
    await using _ = log;
    const since = `~default:${start}`;
    const got = await caughtUp(manager, { topics: ['default'], types: ['agent_message'], since });
    expect(got).toEqual({ messages: allRounds.slice(1), statuses: 0, gaps: [], recovered: true });
    const all = await caughtUp(manager, { topics: ['default'], since });
    expect([all.messages, lostOf(all.gaps)]).toEqual([allRounds.slice(1), LOST]);
    await manager.close();
  });
});
