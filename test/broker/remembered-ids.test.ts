import { expect, test, vi } from 'vitest';
import { IDEMPOTENCY_MS } from '../../server/broker/broker.ts';
import { MemoryBroker } from '../../server/broker/memory-broker.ts';
import { RememberedIds } from '../../server/broker/remembered-ids.ts';
import { entry } from './contract/entries.ts';

test('[D3] an id is remembered for five minutes, then forgotten', () => {
  let now = 0;
  const ids = new RememberedIds(() => now);
  ids.add('old', 1, IDEMPOTENCY_MS - 10);
  ids.add('new', 2);
  now = 9;
  ids.forget();
  expect([ids.seqOf('old'), ids.seqOf('new'), ids.forgotten]).toEqual([1, 2, 0]);
  now = 10;
  ids.forget();
  expect([ids.seqOf('old'), ids.seqOf('new'), ids.forgotten]).toEqual([undefined, 2, 1]);
});

test('[D3] setting the time of day ahead by an hour forgets no id, and setting it back keeps none longer', async () => {
  let [timeOfDay, elapsed] = [Date.now(), 0];
  using _ = vi.spyOn(performance, 'now').mockImplementation(() => elapsed);
  const broker = new MemoryBroker({ now: () => timeOfDay });
  const isDuplicate = async () => (await broker.publish('t', [entry(1, 'key')]))[0]?.duplicate;
  expect(await isDuplicate()).toBe(false);
  timeOfDay += 3_600_000;
  expect(await isDuplicate()).toBe(true);
  timeOfDay -= 2 * 3_600_000;
  elapsed += IDEMPOTENCY_MS;
  expect(await isDuplicate()).toBe(false);
  await broker.close();
});
