import { expect, test } from 'vitest';
import type { Gap } from '../../server/broker/broker.ts';
import { Conflation } from '../../server/event-manager/records/conflation.ts';
import { decodeRecord } from '../../server/event-manager/records/stream-record.ts';
import { EventManager, MemoryBroker } from '../../server/index.ts';
import type { Position } from '../../shared/cursor.ts';
import { agentMessage } from '../support/events.ts';

const publish = (manager: EventManager, message: string) =>
  manager.publish('agent_message', agentMessage(message));

test('[D4] a log that is trimmed again while a subscription with an interval reads it has both gaps told', async () => {
  let reads = 0;
  class Trimmed extends MemoryBroker {
    override async read(topic: string, after: Position, limit: number) {
      const page = await super.read(topic, after, limit);
      if (reads++ > 0) return page;
      for (const message of ['7', '8', '9']) await publish(manager, message);
      return { ...page, records: [] }; // so as if the next page began with what is gone by now
    }
  }
  const manager: EventManager = new EventManager({ broker: new Trimmed({ maxRecords: 2 }) });
  const { cursor } = await publish(manager, '1');
  for (const message of ['2', '3', '4', '5', '6']) await publish(manager, message);
  const items: { from: string; to: string }[] = [];
  for await (const [, item] of manager.subscribe({ since: cursor, every: 5 })) {
    if (item.event_type === 'stream_gap') items.push(item.data);
    if (item.event_type === 'stream_synced') break;
  }
  const [epoch] = cursor.split(':');
  expect(reads).toBeGreaterThan(1);
  expect(items[0]).toMatchObject({ from: cursor, to: `${epoch}:4` });
  expect(items[1]).toMatchObject({ from: `${epoch}:4` });
  await manager.close();
});

test('[D4] [D9] gaps that a slow reader meets one after another are all told', () => {
  const place = (seq: number) => ({ epoch: 'a', seq });
  const gap = (from: number, to: number): Gap => ({
    from: place(from),
    to: place(to),
    lost: to - from,
    reason: 'trimmed',
  });
  const conflation = new Conflation(place(0), ({ type }) => type);
  conflation.gap(gap(0, 4));
  conflation.add({ ...place(5), cursor: 'a:5', type: 'agent_message', json: '{}' }, true);
  conflation.gap(gap(5, 9));
  const told = conflation.records().map((record) => (decodeRecord(record) as { data: unknown }).data);
  expect(told).toEqual([
    { from: 'a:0', to: 'a:4', lost: 4, reason: 'trimmed' },
    { from: 'a:4', to: 'a:9', lost: 5, reason: 'trimmed' },
  ]);
});
