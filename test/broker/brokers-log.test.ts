import { expect, test } from 'vitest';
import { MemoryBroker } from '../../server/broker/memory-broker.ts';
import { BrokersLog } from '../../server/log-check/brokers-log.ts';
import { entries } from './contract/entries.ts';

const topic = 'run-1';

test('a look through a log fails when a topic begins anew meanwhile: what it holds now was not looked at', async () => {
  const broker = new MemoryBroker();
  await broker.publish(topic, entries(1, 1500));
  const pages = new BrokersLog(broker).records();
  expect((await pages.next()).value).toMatchObject({ topic });
  broker.lose(topic);
  await broker.publish(topic, entries(1, 3));
  await expect(pages.next()).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringContaining(`${topic} began anew`),
  });
  await broker.close();
});

test('a look through a log goes on past records that are trimmed meanwhile', async () => {
  const broker = new MemoryBroker({ maxRecords: 2000 });
  await broker.publish(topic, entries(1, 1500));
  const pages = new BrokersLog(broker).records();
  await pages.next();
  await broker.publish(topic, entries(1501, 3000));
  const seqs: number[] = [];
  for await (const { records } of pages) seqs.push(...records.map(({ seq }) => seq));
  expect([seqs[0], seqs.at(-1)]).toEqual([1001, 1500]);
  await broker.close();
});
