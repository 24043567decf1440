import { expect, test } from 'vitest';
import { MemoryBroker } from '../../server/broker/memory-broker.ts';
import { expectGone, liveBytes } from '../support/garbage.ts';
import { entry } from './contract/entries.ts';

test('a trimmed record is not kept in memory because of its id', async () => {
  const broker = new MemoryBroker({ maxRecords: 1 });
  const { epoch } = await broker.bounds('t');
  const publish = async (n: number) => {
    await broker.publish('t', [entry(n)]);
    const { records } = await broker.read('t', { epoch, seq: 0 }, 10);
    return records.map((record) => new WeakRef(record));
  };
  const trimmed = await publish(1);
  await publish(2);
  await publish(3); // half of those that are held are trimmed: now they are moved out
  await expectGone(trimmed);
});

test('names of topics that are only asked for are not remembered', async () => {
  const broker = new MemoryBroker();
  const NAMES = 50_000;
  const before = liveBytes();
  for (let n = 0; n < NAMES; n++) {
    const { epoch } = await broker.bounds(`name-${n}`);
    const tail = await broker.tail(`name-${n}`, { start() {}, records() {}, gap() {} });
    await broker.read(`name-${n}`, { epoch, seq: 0 }, 10);
    tail.close();
  }
  const each = (liveBytes() - before) / NAMES;
  await broker.close(); // until here it lives
  expect(each).toBeLessThan(50);
});

test('[D4] a record that a limit of its type took out is not kept in memory, and its place is told at the end of the log too', async () => {
  let now = 1_000_000;
  const broker = new MemoryBroker({ retention: { chatty: 1000, matters: '1 h' }, now: () => now });
  const chatty = { ...entry(1), type: 'chatty' };
  await broker.publish('t', [{ ...entry(0), type: 'matters' }, chatty, { ...entry(2), type: 'chatty' }]);
  const { epoch } = await broker.bounds('t');
  const gone = await broker
    .read('t', { epoch, seq: 1 }, 10)
    .then(({ records }) => records.map((record) => new WeakRef(record)));
  now += 2000;
  const page = await broker.read('t', { epoch, seq: 0 }, 10);
  expect(page.records.map(({ seq }) => seq)).toEqual([1]);
  expect(page.gaps).toBeUndefined();
  expect(await broker.read('t', { epoch, seq: 1 }, 10)).toMatchObject({
    gap: { to: { seq: 3 }, lost: 2, types: { only: ['chatty'] } },
    records: [],
    bounds: { first: 1, last: 3 },
  });
  await expectGone(gone);
});
