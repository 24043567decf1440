import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { IDEMPOTENCY_MS } from '../../server/broker/broker.ts';
import { MAX_EMPTY_TOPICS } from '../../server/broker/retention/retention.ts';
import type { SqliteBroker } from '../../server/broker/sqlite/sqlite-broker.ts';
import { entries, entry, numbersOf, RecordingSink } from '../broker/contract/entries.ts';
import { DiskFixture } from './fixtures.ts';

const maxAgeMs = 1000;
/** More than records and ids are kept, and than there is between two looks for what is too old. */
const AGES_MS = IDEMPOTENCY_MS + maxAgeMs + 1;

async function publishToEach(broker: SqliteBroker, prefix: string, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, n) => broker.publish(`${prefix}-${n}`, [entry(n)])));
}

/** Time passes, and what has grown too old in it is found. */
async function grownOld(disk: DiskFixture, broker: SqliteBroker, topics: number): Promise<void> {
  for (let round = 0; round < 2; round++) {
    disk.passTime(AGES_MS);
    for (let n = 0; n < topics / 100 + 5; n++) await broker.publish('clock', [entry(n)]);
  }
}

test('[D4] beyond the bound for all topics the largest topics lose their oldest records, and their subscribers are told', async () => {
  await using disk = new DiskFixture();
  const size = Buffer.byteLength(entry(100).json);
  const broker = await disk.open({ maxTotalBytes: 100 * size });
  await broker.publish('small', entries(100, 109));
  for (let n = 100; n < 400; n++) await broker.publish('large', [entry(n)]);
  const { epoch, first, last } = await broker.bounds('large');
  expect(last).toBe(300);
  expect(last - first).toBeGreaterThan(40);
  expect(last - first).toBeLessThanOrEqual(100);
  expect(await broker.bounds('small')).toMatchObject({ first: 1, last: 10 });
  const { gap, records } = await broker.read('large', { epoch, seq: 1 }, 1000);
  expect(gap).toEqual({
    from: { epoch, seq: 1 },
    to: { epoch, seq: first - 1 },
    lost: first - 2,
    reason: 'trimmed',
  });
  expect(numbersOf(records)).toEqual(Array.from({ length: last - first + 1 }, (_, i) => 99 + first + i));
  await publishToEach(broker, 'tiny', 500); // many, each with the least there can be
  await publishToEach(broker, 'more', 500);
  await publishToEach(broker, 'last', 10);
  await broker.close();
  const [total] = await disk.query('SELECT SUM(bytes) AS bytes FROM topics');
  expect(total).toMatchObject({ bytes: expect.toSatisfy((bytes: number) => bytes <= 600 * size) });
  // What is noted of each is what is there, and is known again.
  const again = await disk.open({ maxTotalBytes: 100 * size });
  for (let n = 0; n < 20; n++) await again.publish('large', [entry(n)]);
  await again.close();
  const [after] = await disk.query('SELECT SUM(bytes) AS bytes FROM topics');
  expect(after).toMatchObject({ bytes: expect.toSatisfy((bytes: number) => bytes <= 102 * size) });
});

test('control: without a bound all topics keep their records', async () => {
  await using disk = new DiskFixture();
  const broker = await disk.open();
  for (let n = 100; n < 400; n++) await broker.publish('large', [entry(n)]);
  expect(await broker.bounds('large')).toMatchObject({ first: 1, last: 300 });
});

test('[D1] [D4] a bounded number of empty topics is remembered, and a forgotten one begins a new epoch, after a restart too', async () => {
  await using disk = new DiskFixture();
  const broker = await disk.open({ maxAgeMs });
  const sink = new RecordingSink();
  await broker.publish('idle', entries(1, 3));
  await broker.publish('followed', [entry(1)]);
  await broker.tail('followed', sink);
  await broker.publish('neighbour', [entry(1)]);
  disk.passTime(1); // they were written to before all others
  const { epoch } = await broker.bounds('idle');
  await publishToEach(broker, 'other', MAX_EMPTY_TOPICS + 10);
  await grownOld(disk, broker, MAX_EMPTY_TOPICS + 13);
  const appended = await rows(broker, disk, 'SELECT count(*) AS count FROM topics');
  expect(appended).toMatchObject([
    { count: expect.toSatisfy((count: number) => count <= MAX_EMPTY_TOPICS + 3) },
  ]);
  const second = await disk.open({ maxAgeMs });
  const { gap, bounds } = await second.read('idle', { epoch, seq: 3 }, 10);
  expect(gap).toMatchObject({ from: { epoch, seq: 3 }, reason: 'epoch_changed' });
  await second.publish('idle', entries(4, 9));
  expect((await second.read('idle', { epoch, seq: 3 }, 10)).gap).toMatchObject({ reason: 'epoch_changed' });
  expect((await second.bounds('idle')).epoch).toBe(bounds.epoch);
  // The count of what was appended is not less for what was forgotten: nothing is taken for lost.
  await disk.crash(second);
  const third = await disk.open({ maxAgeMs });
  expect((await third.bounds('idle')).epoch).toBe(bounds.epoch);
}, 120_000);

async function rows(broker: SqliteBroker, disk: DiskFixture, sql: string): Promise<unknown[]> {
  await broker.close();
  return disk.query(sql);
}

test('a log of version 1 is taken over with everything in it', async () => {
  await using disk = new DiskFixture();
  const first = await disk.open();
  await first.publish('a', entries(1, 5));
  const bounds = await first.bounds('a');
  await first.close();
  for (const sql of [
    'DROP INDEX topics_by_bytes',
    'DROP TABLE forgotten',
    'ALTER TABLE topics DROP COLUMN bytes',
    'ALTER TABLE topics DROP COLUMN renewals',
    'ALTER TABLE topics DROP COLUMN erased',
    'ALTER TABLE topics DROP COLUMN rules',
    'ALTER TABLE topics DROP COLUMN due',
    'ALTER TABLE records DROP COLUMN version',
    'ALTER TABLE records DROP COLUMN schema',
    'DROP TABLE schemas',
    ...['sets', 'events', 'texts', 'settled'].map((of) => `DROP TABLE open_${of}`),
    'PRAGMA user_version = 1',
  ]) {
    await disk.query(sql);
  }
  const second = await disk.open();
  expect(await second.bounds('a')).toEqual(bounds);
  await second.publish('a', entries(6, 6));
  await second.close();
  await sleep(0);
  const size = entries(1, 6).reduce((sum, { json }) => sum + Buffer.byteLength(json), 0);
  expect(await disk.query('SELECT bytes FROM topics')).toEqual([{ bytes: size }]);
});
