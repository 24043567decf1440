import { readFileSync } from 'node:fs';
import { afterEach, expect, test, vi } from 'vitest';
import * as z from 'zod';
import { LogFile } from '../../server/broker/sqlite/file/log-file.ts';
import { EventManager } from '../../server/index.ts';
import { defineEvents, growing, question } from '../../shared/index.ts';
import type { LogEntry } from '../../shared/log.ts';
import { DiskFixture } from './fixtures.ts';

afterEach(() => void vi.restoreAllMocks());

const FILES = ['', '-wal', '-mark', '-count'];

function secret(n: number, chars = 20): LogEntry {
  const text = `secret-${n}-${'x'.repeat(chars)}`;
  return { type: 'tick', id: `id-${n}`, json: JSON.stringify({ data: text }), meta: `{"meta":"${text}"}` };
}

function notice(id: string): LogEntry {
  return { type: 'log.erased', id, json: '{"data":{}}' };
}

/** Numbers of the {@link secret}s whose text is anywhere in the files of a log. */
function secretsIn(path: string): number[] {
  const found = new Set<number>();
  for (const file of FILES) {
    const bytes = readFileSync(`${path}${file}`).toString('latin1');
    for (const [, n] of bytes.matchAll(/secret-(\d+)-/g)) found.add(Number(n));
  }
  return [...found].toSorted((a, b) => a - b);
}

test('[V7] an event that is erased is in none of the files any more', async () => {
  await using disk = new DiskFixture();
  const broker = await disk.open();
  for (let n = 1; n <= 40; n++) await broker.publish('run', [secret(n, n % 5 === 0 ? 20_000 : 20)]);
  const { epoch } = await broker.bounds('run');
  expect(secretsIn(disk.path)).toHaveLength(40);
  const gone = [3, 4, 5, 10, 39, 40];
  expect(await broker.erase('run', epoch, gone, [notice('n')])).toBe(gone.length);
  const left = Array.from({ length: 40 }, (_, index) => index + 1).filter((n) => !gone.includes(n));
  expect(secretsIn(disk.path)).toEqual(left);
  await broker.close();
  expect(await disk.query('SELECT count(*) AS count FROM records')).toEqual([{ count: 41 }]);
});

test('[V7] erased records stay erased when the log is opened again, and their bytes are free', async () => {
  await using disk = new DiskFixture();
  const first = await disk.open();
  await first.publish(
    'run',
    [1, 2, 3].map((n) => secret(n)),
  );
  const { epoch } = await first.bounds('run');
  await first.erase('run', epoch, [2], [notice('n')]);
  await first.close();
  const bytes = 'octet_length(json) + COALESCE(octet_length(meta), 0)';
  const [row] = await disk.query(`SELECT bytes, (SELECT SUM(${bytes}) FROM records) AS held FROM topics`);
  expect(row).toMatchObject({ bytes: (row as { held: number }).held });
  const second = await disk.open();
  expect(await second.bounds('run')).toEqual({ epoch, first: 1, last: 4, erased: 4 });
  const { records } = await second.read('run', { epoch, seq: 0 }, 10);
  expect(records.map(({ erased = false, id }) => [id, erased])).toEqual([
    ['id-1', false],
    ['id-2', true],
    ['id-3', false],
    ['n', false],
  ]);
  expect(await second.erase('run', epoch, [2], [notice('m')])).toBe(0);
});

test('[V7] the file is written anew once for all parts of an erasing, and for none that erases nothing', async () => {
  await using disk = new DiskFixture();
  const scrub = vi.spyOn(LogFile.prototype, 'scrub');
  const broker = await disk.open();
  const manager = new EventManager({ broker, catalog: defineEvents({ tick: z.string() }) });
  for (let from = 0; from < 1800; from += 600)
    await manager.publishBatch(
      Array.from({ length: 600 }, (_, n) => ({ event_type: 'tick', data: `secret-${from + n}-` })),
    );
  const { epoch } = await broker.bounds('default');
  expect(secretsIn(disk.path)).toHaveLength(1800);
  expect(await manager.erase({ filter: {} })).toEqual({ erased: 1800 });
  expect(scrub).toHaveBeenCalledOnce();
  expect(secretsIn(disk.path)).toEqual([]);
  expect(await manager.erase({ cursor: `${epoch}:5` })).toEqual({ erased: 0 });
  expect(scrub).toHaveBeenCalledOnce();
  await manager.close();
});

test('[V7] an event that is erased is out of the files beside a part of another erasing, which goes on', async () => {
  await using disk = new DiskFixture();
  const broker = await disk.open();
  await Promise.all([broker.publish('done', [secret(1)]), broker.publish('longer', [secret(2), secret(3)])]);
  const [{ epoch }, { epoch: other }] = [await broker.bounds('done'), await broker.bounds('longer')];
  const scrub = vi.spyOn(LogFile.prototype, 'scrub');
  await Promise.all([
    broker.erase('done', epoch, [1], [notice('n')]),
    broker.erase('longer', other, [1], [notice('n')], true),
  ]);
  expect(scrub).toHaveBeenCalledOnce();
  expect(secretsIn(disk.path)).toEqual([3]);
  await broker.erase('longer', other, [2], [notice('m')]);
  expect(scrub).toHaveBeenCalledTimes(2);
  expect(secretsIn(disk.path)).toEqual([]);
});

test('[V7] a log that is closed in the midst of an erasing is written anew', async () => {
  await using disk = new DiskFixture();
  const scrub = vi.spyOn(LogFile.prototype, 'scrub');
  const broker = await disk.open();
  await broker.publish('run', [secret(1), secret(2)]);
  const { epoch } = await broker.bounds('run');
  await broker.erase('run', epoch, [1], [notice('n')], true);
  await broker.publish('run', [secret(3)]);
  expect(scrub).not.toHaveBeenCalled();
  await broker.close();
  expect(scrub).toHaveBeenCalledOnce();
});

test('[V7] nor is it in pages that SQLite has moved records between', async () => {
  await using disk = new DiskFixture();
  const broker = await disk.open({ maxRecords: 100 });
  for (let n = 1; n <= 900; n++) await broker.publish(`run-${n % 7}`, [secret(n, (n * 37) % 900)]);
  const { epoch, first } = await broker.bounds('run-0');
  const { records } = await broker.read('run-0', { epoch, seq: first - 1 }, 100);
  const gone = records.filter(({ seq }) => seq % 3 === 0);
  const numbers = gone.map(({ json }) => Number(/secret-(\d+)-/.exec(json)?.[1]));
  const before = secretsIn(disk.path);
  await broker.erase(
    'run-0',
    epoch,
    gone.map(({ seq }) => seq),
    [notice('n')],
  );
  const after = secretsIn(disk.path);
  expect(numbers).toHaveLength(33);
  expect(numbers.filter((n) => before.includes(n))).toEqual(numbers);
  expect(numbers.filter((n) => after.includes(n))).toEqual([]);
});

test('[V7] nothing of open events that are erased is in any file: no text, no question, no answer', async () => {
  await using disk = new DiskFixture();
  const broker = await disk.open();
  const catalog = defineEvents({
    reply: growing(z.object({ text: z.string() }), 'text'),
    approval: question({ asks: z.object({ tool: z.string() }), answers: z.object({ why: z.string() }) }),
  });
  const manager = new EventManager({ broker, catalog });
  const { opens } = manager;
  const grow = async (first: number) => {
    const begun = await opens.begin('reply', { text: `secret-${first}-` });
    const text = `secret-${first + 1}-`;
    await opens.append({ ...begun, by: undefined, at: `secret-${first}-`.length, text });
    return begun;
  };
  const ask = async (first: number) => {
    const { id } = await opens.begin('approval', { tool: `secret-${first}-` });
    await manager.answer('approval', id, { why: `secret-${first + 1}-` });
  };
  const [gone] = [await grow(1), await ask(3), await grow(5), await ask(7)];
  const finished = await grow(9);
  await opens.settle({ ...finished, by: undefined, state: 'done' });
  const all = Array.from({ length: 10 }, (_, n) => n + 1);
  expect(secretsIn(disk.path)).toEqual(all);
  const { epoch } = await broker.bounds('default');
  const scrub = vi.spyOn(LogFile.prototype, 'scrub');
  expect(await manager.erase({ cursor: gone.cursor })).toEqual({ erased: 1 });
  expect(await manager.erase({ cursor: `${epoch}:3` })).toEqual({ erased: 2 });
  expect(secretsIn(disk.path)).toEqual(all.slice(4));
  expect(scrub).toHaveBeenCalledTimes(2);
  expect(await manager.erase({ filter: {} })).toEqual({ erased: 5 });
  expect(secretsIn(disk.path)).toEqual([]);
  expect(scrub).toHaveBeenCalledTimes(3);
  await manager.close();
  expect(await disk.query('SELECT count(*) AS count FROM open_settled')).toEqual([{ count: 0 }]);
  expect(await disk.query('SELECT count(*) AS count FROM open_texts')).toEqual([{ count: 0 }]);
});
