import { expect, test } from 'vitest';
import { allRecords, entries, entry, RecordingSink } from '../broker/contract/entries.ts';
import { DiskFixture } from './fixtures.ts';

const topic = 'run-1';

test('a full disk makes publishes fail, not reads, and recovers by itself', async () => {
  await using disk = new DiskFixture();
  const broker = await disk.open({ maxFileBytes: 1_000_000, maxAgeMs: 60_000 });
  const sink = new RecordingSink();
  await broker.tail(topic, sink);
  let stored = 0;
  const refused = { code: 'UNAVAILABLE', message: expect.stringMatching(/full/) };
  await expect(
    (async () => {
      while (true) {
        await broker.publish(topic, entries(1, 50));
        stored += 50;
      }
    })(),
  ).rejects.toMatchObject(refused);
  await expect(broker.publish(topic, [entry(0, 'first'), ...entries(1, 49)])).rejects.toMatchObject(refused);

  const bounds = await broker.bounds(topic);
  expect(bounds).toMatchObject({ first: 1, last: stored });
  const records = await allRecords(broker, topic);
  expect(records).toHaveLength(stored);
  expect(sink.received).toEqual(records);

  disk.passTime(60_001); // retention makes room
  const healed = await broker.publish(topic, [entry(0, 'first'), ...entries(1, 49)]);
  expect(healed[0]).toEqual({ cursor: `${bounds.epoch}:${stored + 1}`, duplicate: false });
  expect(await broker.bounds(topic)).toMatchObject({ first: stored + 1, last: stored + 50 });
  sink.expectContiguous();
});
