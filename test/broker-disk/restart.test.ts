import { expect, test } from 'vitest';
import { IDEMPOTENCY_MS } from '../../server/broker/broker.ts';
import { formatCursor, parseCursor } from '../../shared/cursor.ts';
import { entries, entry, numbersOf } from '../broker/contract/entries.ts';
import { DiskFixture } from './fixtures.ts';

const topic = 'run-1';

test('[D1] records, epochs and sequence numbers outlive the process', async () => {
  await using disk = new DiskFixture();
  const first = await disk.open();
  const published = await first.publish(topic, entries(1, 3));
  const { records } = await first.read(topic, { epoch: '', seq: 0 }, 10);
  const unwritten = await first.bounds('unwritten');
  await first.close();

  const second = await disk.open();
  const { epoch } = parseCursor(published[0]?.cursor ?? '');
  expect(await second.bounds(topic)).toEqual({ epoch, first: 1, last: 3 });
  expect(await second.bounds('unwritten')).toEqual(unwritten);
  expect(await second.publish(topic, [entry(4)])).toEqual([
    { cursor: formatCursor({ epoch, seq: 4 }), duplicate: false },
  ]);
  const again = await second.read(topic, { epoch, seq: 0 }, 10);
  expect(again.records.slice(0, 3)).toEqual(records);
  expect(numbersOf(again.records)).toEqual([1, 2, 3, 4]);
  const resumed = await second.read(topic, { epoch, seq: 3 }, 10);
  expect(resumed.gap).toBeNull();
  expect(numbersOf(resumed.records)).toEqual([4]);
});

test('[D4] the bytes of kept records are counted again', async () => {
  await using disk = new DiskFixture();
  const retention = { maxBytes: 5 * Buffer.byteLength(entry(1).json) };
  const first = await disk.open(retention);
  await first.publish(topic, entries(1, 4));
  await first.close();
  const second = await disk.open(retention);
  await second.publish(topic, entries(5, 7));
  expect(await second.bounds(topic)).toMatchObject({ first: 3, last: 7 });
});

test('[D1] times do not decrease when the clock was set back meanwhile', async () => {
  await using disk = new DiskFixture();
  const first = await disk.open();
  await first.publish(topic, [entry(1)]);
  await first.close();
  disk.passTime(-60_000);
  const second = await disk.open();
  await second.publish(topic, [entry(2)]);
  const { records } = await second.read(topic, { epoch: '', seq: 0 }, 10);
  expect(records.map(({ at }) => at)).toEqual([records[0]?.at, records[0]?.at]);
});

test('[D3] an idempotency key is remembered for 5 minutes, across restarts and trimming', async () => {
  await using disk = new DiskFixture();
  const id = 'lone \ud800, nul \0, "quoted"';
  const retention = { maxRecords: 2 };
  const first = await disk.open(retention);
  const [stored] = await first.publish(topic, [entry(1, id)]);
  await first.publish(topic, entries(2, 9)); // its record is trimmed
  await first.publish(topic, [entry(10, 'kept')]);
  await first.close();

  disk.passTime(IDEMPOTENCY_MS - 30_000); // the rest of them passes while the broker runs, and is real
  const second = await disk.open(retention);
  expect(await second.publish(topic, [entry(11, id)])).toEqual([{ cursor: stored?.cursor, duplicate: true }]);
  expect(await second.publish(topic, [entry(12, 'kept')])).toMatchObject([{ duplicate: true }]);
  expect((await second.bounds(topic)).last).toBe(10);
  await second.close();

  disk.passTime(30_000);
  const third = await disk.open(retention);
  expect(await third.publish(topic, [entry(13, id)])).toMatchObject([{ duplicate: false }]);
});

test('[D4] records that a shorter retention drops are told as a gap', async () => {
  await using disk = new DiskFixture();
  const first = await disk.open();
  await first.publish(topic, entries(1, 20));
  await first.close();
  const second = await disk.open({ maxRecords: 5 });
  const { bounds, gap, records } = await second.read(topic, await start(second), 10);
  expect(bounds).toMatchObject({ first: 16, last: 20 });
  expect(gap).toMatchObject({ lost: 15, reason: 'trimmed' });
  expect(numbersOf(records)).toEqual([16, 17, 18, 19, 20]);
});

test('[D4] records grow old while no process runs', async () => {
  await using disk = new DiskFixture();
  const first = await disk.open();
  await first.publish(topic, entries(1, 3));
  await first.close();
  disk.passTime(1001);
  const second = await disk.open({ maxAgeMs: 1000 });
  expect(await second.bounds(topic)).toMatchObject({ first: 4, last: 3 });
  await second.publish(topic, [entry(4)]);
  const { gap, records } = await second.read(topic, await start(second), 10);
  expect(gap).toMatchObject({ lost: 3, reason: 'trimmed' });
  expect(numbersOf(records)).toEqual([4]);
});

test('records that are too old leave the file even if nobody writes to their topics', async () => {
  await using disk = new DiskFixture();
  const broker = await disk.open({ maxAgeMs: 1000 });
  for (const name of ['a', 'b', 'c']) await broker.publish(name, entries(1, 1500));
  disk.passTime(120_000);
  for (let n = 0; n < 7; n++) await broker.publish(topic, [entry(n)]);
  await broker.close();
  expect(await disk.query('SELECT count(*) AS count FROM records')).toEqual([{ count: 7 }]);
});

async function start(broker: Awaited<ReturnType<DiskFixture['open']>>) {
  return { epoch: (await broker.bounds(topic)).epoch, seq: 0 };
}
