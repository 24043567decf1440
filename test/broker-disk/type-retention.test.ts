import { expect, test } from 'vitest';
import type { SqliteBroker } from '../../server/broker/sqlite/sqlite-broker.ts';
import type { LogEntry } from '../../shared/log.ts';
import { entry } from '../broker/contract/entries.ts';
import { DiskFixture } from './fixtures.ts';

const topic = 'run-1';
const few = { retention: { chatty: { records: 2 } } };

function entriesOf(text: string): LogEntry[] {
  return [...text].map((letter, n) => ({ ...entry(n), type: letter === 'c' ? 'chatty' : letter }));
}

async function publish(broker: SqliteBroker, text: string): Promise<void> {
  for (const one of entriesOf(text)) await broker.publish(topic, [one]);
}

async function read(broker: SqliteBroker, from = 0) {
  const { epoch } = await broker.bounds(topic);
  const { gap, gaps = [], records } = await broker.read(topic, { epoch, seq: from }, 100);
  const all = [...(gap ? [gap] : []), ...gaps];
  return {
    seqs: records.map(({ seq }) => seq),
    gaps: all.map((hole) => [hole.from.seq, hole.to.seq, hole.types]),
  };
}

test('[D4] limits of types, and what they took out, are known after a restart', async () => {
  await using disk = new DiskFixture();
  const first = await disk.open(few);
  await publish(first, 'mccmcc');
  await first.close();
  const second = await disk.open(few);
  const only = { only: ['chatty'] };
  expect(await read(second)).toEqual({ seqs: [1, 4, 5, 6], gaps: [[1, 3, only]] });
  await publish(second, 'mc');
  expect(await read(second)).toEqual({
    seqs: [1, 4, 6, 7, 8],
    gaps: [
      [1, 3, only],
      [4, 5, only],
    ],
  });
});

test('[D4] limits may come, change and go with each opening', async () => {
  await using disk = new DiskFixture();
  const alike = await disk.open();
  await publish(alike, 'mcmcmcmc');
  await alike.close();
  const chatty = await disk.open(few);
  expect((await read(chatty)).seqs).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  await publish(chatty, 'm');
  expect((await read(chatty)).seqs).toEqual([1, 3, 5, 6, 7, 8, 9]);
  await chatty.close();
  const matters = await disk.open({ maxRecords: 4, retention: { m: { records: 3 } } });
  await publish(matters, 'ccc');
  // Chatty ones are others now, and four of those stay.
  expect((await read(matters)).seqs).toEqual([5, 7, 8, 9, 10, 11, 12]);
  const [hole] = (await read(matters, 5)).gaps;
  expect(hole).toEqual([5, 6, { allBut: ['log.erased', 'm'] }]);
  await matters.close();
  const none = await disk.open({ maxRecords: 5 });
  await publish(none, 'c');
  expect((await read(none)).seqs).toEqual([9, 10, 11, 12, 13]);
  expect((await read(none, 5)).gaps).toEqual([[5, 8, { allBut: [] }]]);
});

test('[D3] ids outlive records that limits of types took out, over a restart too', async () => {
  await using disk = new DiskFixture();
  const first = await disk.open(few);
  await first.publish(topic, [{ ...entry(0, 'key'), type: 'chatty' }]);
  await publish(first, 'mcccm');
  await first.close();
  const second = await disk.open(few);
  const [again] = await second.publish(topic, [{ ...entry(0, 'key'), type: 'chatty' }]);
  expect(again).toMatchObject({ duplicate: true });
});

test('a record that is missing is damage, unless a limit of a type may have taken it out', async () => {
  await using disk = new DiskFixture();
  const first = await disk.open(few);
  await publish(first, 'mccmccmmm');
  await first.close();
  await disk.query('DELETE FROM records WHERE seq = 8');
  const second = await disk.open(few);
  const { epoch } = await second.bounds(topic);
  await expect(second.read(topic, { epoch, seq: 0 }, 100)).rejects.toThrow(
    'record 8 of topic run-1 is missing',
  );
  expect((await second.read(topic, { epoch, seq: 0 }, 4)).records).toHaveLength(4);
});

test('[D4] records of an idle topic go when they are too old by the limit of their type', async () => {
  await using disk = new DiskFixture();
  const broker = await disk.open({ retention: { chatty: '1 min', m: '30 days' } });
  await publish(broker, 'mcmc');
  disk.passTime(61_000);
  await broker.publish('another', entriesOf('m'));
  expect((await read(broker)).seqs).toEqual([1, 3]);
  // Nothing more is due for long: the sweep has ended.
  disk.passTime(61_000);
  await broker.publish('another', entriesOf('m'));
  expect((await read(broker, 3)).gaps).toEqual([[3, 4, { only: ['chatty'] }]]);
});

test('[D4] records of an idle topic go by the limits of this opening, and not of the one that they came in', async () => {
  await using disk = new DiskFixture();
  const long = await disk.open({ retention: { chatty: '30 days', m: { records: 100 } } });
  await publish(long, 'mcmcm');
  await long.close();
  disk.passTime(120_000);
  const short = await disk.open({ retention: { chatty: '1 min', m: { records: 2 } } });
  await short.publish('another', entriesOf('m'));
  expect((await read(short)).seqs).toEqual([3, 5]);
});
