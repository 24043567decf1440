import { describe, expect, test } from 'vitest';
import { HeldRecords, ownAsker } from '../../server/event-manager/reading/asker.ts';
import { startOfLast } from '../../server/event-manager/reading/read-backward.ts';
import { holds, RecentPages } from '../../server/event-manager/reading/recent-pages.ts';
import { ReadSteps } from '../../server/event-manager/reading/steps.ts';
import { TopicReader } from '../../server/event-manager/reading/topic-reader.ts';
import { Turns } from '../../server/event-manager/reading/turns.ts';
import { select } from '../../server/event-manager/records/selector.ts';
import { gapRecord, type StreamRecord } from '../../server/event-manager/records/stream-record.ts';
import { type Broker, EventManager, MemoryBroker } from '../../server/index.ts';
import { psycheEvents } from '../../shared/index.ts';
import { agentMessage } from '../support/events.ts';

const record = (seq: number, chars = 2): StreamRecord => ({
  epoch: 'e',
  seq,
  cursor: `e:${seq}`,
  type: 'x',
  json: ' '.repeat(chars),
});
const position = (seq: number) => ({ epoch: 'e', seq });

describe('a recently read page', () => {
  const log = {};
  const page = [record(3), record(4)];

  test('is found by each position in it, of its log and its epoch', () => {
    const pages = new RecentPages();
    pages.keep(log, page);
    expect(pages.after(log, position(2))).toEqual(page);
    expect(pages.after(log, position(3))).toEqual([page[1]]);
    for (const seq of [1, 4]) expect(pages.after(log, position(seq))).toEqual([]);
    expect(pages.after(log, { epoch: 'f', seq: 2 })).toEqual([]);
    expect(pages.after({}, position(2))).toEqual([]);
  });

  test('is found by each position in it, holes or not, but in the midst of a hole', () => {
    const pages = new RecentPages();
    const hole = gapRecord({
      from: position(4),
      to: position(8),
      lost: 4,
      reason: 'trimmed',
      types: { only: ['x'] },
    });
    const holed = [record(3), record(4), hole, record(9), record(10)];
    pages.keep(log, holed);
    for (const [index, seq] of [2, 3, 4, 8, 9].entries())
      expect(pages.after(log, position(seq))).toEqual(holed.slice(index));
    for (const seq of [5, 6, 7, 10]) expect(pages.after(log, position(seq))).toEqual([]);
    const cuts = (x: number) => ({ others: 100, types: new Map([['x', x]]) });
    expect(holds({ epoch: 'e', first: 1, last: 10, cuts: cuts(2) }, holed)).toBe(true);
    expect(holds({ epoch: 'e', first: 1, last: 10, cuts: cuts(3) }, holed)).toBe(false);
    expect(holds({ epoch: 'e', first: 1, last: 10, cuts: { ...cuts(2), types: new Map() } }, holed)).toBe(
      false,
    );
  });

  test('is used while the log holds all of it', () => {
    expect(holds({ epoch: 'e', first: 3, last: 4 }, page)).toBe(true);
    expect(holds({ epoch: 'e', first: 4, last: 9 }, page)).toBe(false);
    expect(holds({ epoch: 'f', first: 1, last: 9 }, page)).toBe(false);
    expect(holds({ epoch: 'e', first: 1, last: 3 }, page)).toBe(false);
  });

  test('is evicted when other pages come to 4 MiB', () => {
    const pages = new RecentPages();
    pages.keep(log, page);
    for (let n = 10; n < 14; n++) pages.keep(log, [record(n, 1024 * 1024)]);
    expect(pages.after(log, position(2))).toEqual([]);
    expect(pages.after(log, position(12))).toHaveLength(1);
  });
});

/** Counts what is read of it. */
class CountingBroker extends MemoryBroker {
  records = 0;
  override async read(...question: Parameters<Broker['read']>): ReturnType<Broker['read']> {
    const result = await super.read(...question);
    this.records += result.records.length;
    return result;
  }
}

test('a hundred simultaneous readers of one connection at one place read the log once; control: one by one each reads it', async () => {
  const broker = new CountingBroker();
  const manager = new EventManager({ broker });
  for (let n = 0; n < 20; n++)
    await manager.publishBatch(
      Array.from({ length: 20 }, () => ({
        event_type: 'agent_message' as const,
        data: agentMessage('x'.repeat(4_000)),
      })),
    );
  // By clocks that stand still: a slow machine takes no smaller steps.
  const reads = {
    turns: new Turns({ atOnce: 8, perAsker: 4, sliceMs: 2, now: () => 0 }),
    asker: ownAsker(),
    held: new HeldRecords(),
  };
  const nothing = select(psycheEvents, { filter: { agent_id: 'nobody' } });
  const look = (log: TopicReader) =>
    startOfLast(log, nothing, 10_000, new ReadSteps(reads, undefined, undefined, () => 0));
  const log = () => new TopicReader('default', broker, (each) => each);
  broker.records = 0;
  const shared = log();
  await Promise.all(Array.from({ length: 100 }, () => look(shared)));
  // Each range once; a second time where its beginning was evicted.
  expect(broker.records).toBeLessThanOrEqual(400 * 2);
  broker.records = 0;
  await Promise.all(Array.from({ length: 20 }, () => look(log())));
  expect(broker.records).toBeGreaterThanOrEqual(400 * 20);
  await manager.close();
});

test('pages of history of many askers at one place read the log once', async () => {
  const broker = new CountingBroker();
  const manager = new EventManager({ broker });
  await manager.publishBatch(
    Array.from({ length: 50 }, () => ({ event_type: 'agent_message' as const, data: agentMessage('x') })),
  );
  const ask = () => manager.history({ limit: 10, filter: { agent_id: 'nobody' }, asker: ownAsker() });
  await ask();
  const once = broker.records;
  await Promise.all(Array.from({ length: 20 }, ask));
  expect(once).toBe(50);
  expect(broker.records).toBe(once);
});
