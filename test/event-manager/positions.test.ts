import { describe, expect, test } from 'vitest';
import { EventManager } from '../../server/index.ts';
import type { StreamGap } from '../../shared/index.ts';
import { type BrokerKind, brokerKinds } from '../broker/contract/fixtures.ts';
import { agentMessage } from '../support/events.ts';

type GapData = StreamGap['data'];

/** Reads on from a position: events and gaps by their cursors, as a reader from there is told. */
interface Reading {
  events: string[];
  gaps: Omit<GapData, 'from'>[];
  /** Every cursor that was answered on the way. */
  cursors: string[];
}

const told = ({ to, lost, reason }: GapData) => ({ to, lost, reason });

async function byHistory(manager: EventManager, since: string): Promise<Reading> {
  const reading: Reading = { events: [], gaps: [], cursors: [] };
  for (let from = since, atEnd = false; !atEnd; ) {
    const page = await manager.history({ since: from, limit: 3 });
    reading.events.push(...page.items.map(({ cursor }) => cursor));
    reading.gaps.push(...page.gaps.map(told));
    reading.cursors.push(page.next, ...page.gaps.flatMap((gap) => [gap.from, gap.to]));
    reading.cursors.push(...(page.previous === null ? [] : [page.previous]));
    ({ next: from, atEnd } = page);
  }
  return reading;
}

async function byStream(
  items: AsyncIterable<readonly [cursor: string, event: { event_type: string; data: unknown }]>,
): Promise<Reading> {
  const reading: Reading = { events: [], gaps: [], cursors: [] };
  for await (const [cursor, item] of items) {
    reading.cursors.push(cursor);
    if (item.event_type === 'stream_synced') break;
    if (item.event_type === 'stream_gap') {
      const gap = item.data as GapData;
      reading.gaps.push(told(gap));
      reading.cursors.push(gap.from, gap.to);
    } else reading.events.push(cursor);
  }
  return reading;
}

/** Pages before a cursor, to the beginning. */
async function byPagesBefore(manager: EventManager, cursor: string): Promise<Reading> {
  const reading: Reading = { events: [], gaps: [], cursors: [] };
  for (let at: string | null = cursor; at !== null; ) {
    const page: Awaited<ReturnType<EventManager['history']>> = await manager.history({
      before: at,
      limit: 3,
    });
    reading.events.unshift(...page.items.map(({ cursor }) => cursor));
    reading.cursors.push(page.next, ...(page.previous === null ? [] : [page.previous]));
    at = page.previous;
  }
  return reading;
}

const LOGS = [
  ['is empty', 0],
  ['holds all that was published', 7],
  ['was trimmed', 25],
] as const;

async function withLog(kind: BrokerKind, count: number, check: (manager: EventManager) => Promise<void>) {
  await using fixture = await kind.open({ maxRecords: 10 });
  const manager = new EventManager({ broker: fixture.broker });
  for (let n = 1; n <= count; n++) await manager.publish('agent_message', agentMessage(n));
  await check(manager);
  await manager.close();
}

/** Positions that somebody may come with: real ones, ones that never were, and ones of another log. */
function positionsOf(epoch: string): string[] {
  const seqs = [0, 1, 2, 7, 8, 14, 15, 16, 24, 25, 26, 1000, Number.MAX_SAFE_INTEGER];
  return [...seqs.map((seq) => `${epoch}:${seq}`), 'elsewhere:0', 'elsewhere:3'];
}

describe.each(brokerKinds)('a position ($name)', (kind) => {
  test.each(LOGS)(
    '[D4] means the same to history, subscriptions and replays of a log that %s',
    async (_, count) => {
      await withLog(kind, count, async (manager) => {
        const [epoch = ''] = (await manager.history()).next.split(':');
        const asked = new Set(positionsOf(epoch));
        for (const position of asked) {
          const history = await byHistory(manager, position);
          const subscription = await byStream(manager.subscribe({ since: position }));
          const replay = await byStream(manager.replay({ since: position, speed: 1_000_000 }));
          expect(subscription.events, position).toEqual(history.events);
          expect(subscription.gaps, position).toEqual(history.gaps);
          expect(replay.events, position).toEqual(history.events);
          expect(replay.gaps, position).toEqual(history.gaps);
          const older = await byPagesBefore(manager, position);
          // Each cursor that one of them answered is asked of all of them.
          for (const reading of [history, subscription, replay, older])
            for (const cursor of [...reading.cursors, ...reading.events]) asked.add(cursor);
          expect(asked.size).toBeLessThan(200);
        }
      });
    },
  );

  test.each(LOGS)('splits a log that %s into the events before it and those from it on', async (_, count) => {
    await withLog(kind, count, async (manager) => {
      const [epoch = ''] = (await manager.history()).next.split(':');
      const all = (await byPagesBefore(manager, `${epoch}:1000`)).events;
      expect(all).toHaveLength(Math.min(count, 10));
      for (let seq = 0; seq <= count + 1; seq++) {
        const older = (await byPagesBefore(manager, `${epoch}:${seq}`)).events;
        const rest = seq === 0 ? all : (await byHistory(manager, `${epoch}:${seq - 1}`)).events;
        expect([...older, ...rest], `${seq}`).toEqual(all);
      }
    });
  });

  test('[D4] given as a time makes history tell what was trimmed, as a subscription does', async () => {
    await withLog(kind, 25, async (manager) => {
      const at = new Date(0).toISOString();
      const subscription = await byStream(manager.subscribe({ since: { at } }));
      const page = await manager.history({ since: { at } });
      expect(page.gaps.map(told)).toEqual(subscription.gaps);
      expect(page.gaps).toMatchObject([{ reason: 'trimmed', lost: null }]);
    });
  });
});
