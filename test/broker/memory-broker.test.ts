import { test } from 'vitest';
import { MemoryBroker } from '../../server/broker/memory-broker.ts';
import { expectGone } from '../support/garbage.ts';
import { entry } from './entries.ts';

test('a record that was trimmed is not held for the sake of its id', async () => {
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
