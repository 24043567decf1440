import { expect, test } from 'vitest';
import type { FeedReader } from '../../server/event-manager/feeds/feed-reader.ts';
import { Places } from '../../server/event-manager/records/places.ts';
import type { StreamRecord } from '../../server/event-manager/records/stream-record.ts';
import { EventManager, MemoryBroker } from '../../server/index.ts';
import { parseTopicsCursor } from '../../shared/cursor.ts';
import { agentMessage } from '../support/events.ts';

const record = (seq: number): StreamRecord => ({
  epoch: 'e',
  seq,
  cursor: `e:${seq}`,
  type: 'agent_message',
  json: `{"event_type":"agent_message","data":${seq}}`,
});

test('streams at equal positions share the written record, and their next positions', () => {
  const start = () => new Places().with('b', record(1)).with('a', record(1));
  const [one, two] = [start(), start().with('b', record(1))];
  const next = record(2);
  const placed = one.place('a', next);
  expect(two.place('a', next)).toBe(placed);
  const last = record(3);
  expect(placed.places.place('b', last)).toBe(placed.places.place('b', last));
  expect(placed.record.cursor).toBe('~a:e:2~b:e:1');
  // The control: one that is elsewhere gets its own.
  expect(start().with('b', record(7)).place('a', next).record.cursor).toBe('~a:e:2~b:e:7');
});

/** A reader that has room for so many characters, and then for none until it is told to go on. */
class Slow {
  readonly taken: StreamRecord[] = [];
  largest = 0;
  chars = 0;
  readonly failures: unknown[] = [];

  readonly reader: FeedReader = {
    name: 'slow',
    take: ({ records }) => {
      const chars = records.reduce((sum, { json, cursor }) => sum + json.length + 2 * cursor.length, 0);
      this.largest = Math.max(this.largest, chars);
      this.chars += chars;
      this.taken.push(...records);
      return this.chars < 1024 * 1024;
    },
    waitedFor: () => {},
    fail: (error) => void this.failures.push(error),
  };
}

test('items with long cursors are handed over in small parts, and none is lost or repeated', async () => {
  await using manager = Object.assign(new EventManager({ broker: new MemoryBroker() }), {
    async [Symbol.asyncDispose](this: EventManager) {
      await this.close();
    },
  });
  const topics = Array.from({ length: 50 }, (_, n) => `${'t'.repeat(120)}-${n}`);
  const slow = new Slow();
  const reading = manager.subscribe({ topics, since: { last: 1000 } }).attach(slow.reader);
  await expect.poll(() => slow.taken.length).toBe(1);
  for (let n = 0; n < 4; n++) {
    const events = Array.from({ length: 250 }, (_, i) => ({
      event_type: 'agent_message' as const,
      data: agentMessage(`${n * 250 + i}`),
    }));
    await manager.publishBatch(events, { topic: topics[0] as string });
  }
  await expect
    .poll(
      () => {
        if (slow.chars >= 1024 * 1024) {
          slow.chars = 0;
          reading.resume();
        }
        return slow.taken.length;
      },
      { timeout: 20_000, interval: 5 },
    )
    .toBe(1001);
  const seqs = slow.taken
    .slice(1)
    .map(({ cursor }) => parseTopicsCursor(cursor).get(topics[0] as string)?.seq);
  expect(seqs).toEqual(Array.from({ length: 1000 }, (_, n) => n + 1));
  expect(slow.largest).toBeLessThan(300 * 1024);
  expect(slow.failures).toEqual([]);
  reading.close();
});
