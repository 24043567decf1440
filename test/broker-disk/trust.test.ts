import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Marks, textOf } from '../../server/broker/sqlite/file/marks.ts';
import { doubtAbout, type LogState, type Surroundings } from '../../server/broker/sqlite/file/trust.ts';
import { entries, numbersOf } from '../broker/contract/entries.ts';
import { DiskFixture } from './fixtures.ts';

const topic = 'run-1';

describe('[D1] a log that may have lost its end', () => {
  test('gets a new epoch when an older log was put in its place', async () => {
    await using disk = new DiskFixture();
    const first = await disk.open();
    await first.publish(topic, entries(1, 3));
    await first.close();
    const backup = readFileSync(disk.path);
    const second = await disk.open();
    await second.publish(topic, entries(4, 6));
    const seen = await second.bounds(topic);
    await second.close();

    writeFileSync(disk.path, backup);
    const warnings: unknown[] = [];
    const warn = (details: unknown) => warnings.push(details);
    const third = await disk.open({ logger: { ...console, warn } });
    await third.publish(topic, entries(7, 10)); // its numbers go past those that were seen
    const { gap, records } = await third.read(topic, { epoch: seen.epoch, seq: seen.last }, 10);
    expect(gap).toMatchObject({ reason: 'epoch_changed', lost: null });
    expect(numbersOf(records)).toEqual([1, 2, 3, 7, 8, 9, 10]);
    expect(warnings).toEqual([{ path: disk.path, reason: 'it is not the log that was used here last' }]);
  });

  test('gets a new epoch when it was copied', async () => {
    await using disk = new DiskFixture();
    const first = await disk.open();
    await first.publish(topic, entries(1, 3));
    const { epoch } = await first.bounds(topic);
    await first.close();
    for (const suffix of ['', '-mark', '-count'])
      copyFileSync(`${disk.path}${suffix}`, `${disk.path}2${suffix}`);
    const copy = await disk.open({ path: `${disk.path}2` });
    expect((await copy.bounds(topic)).epoch).not.toBe(epoch);
    const original = await disk.open();
    expect((await original.bounds(topic)).epoch).toBe(epoch);
  });

  test('gets a new epoch when its -wal file is missing after a crash', async () => {
    await using disk = new DiskFixture();
    const first = await disk.open();
    await first.publish(topic, entries(1, 3));
    const { epoch } = await first.bounds(topic);
    await disk.crash(first);
    rmSync(`${disk.path}-wal`);
    const second = await disk.open();
    const { bounds, gap } = await second.read(topic, { epoch, seq: 3 }, 10);
    expect(bounds).toMatchObject({ first: 1, last: 0 });
    expect(gap).toMatchObject({ reason: 'epoch_changed' });
  });

  test.each<[string, (wal: Buffer) => Buffer]>([
    ['emptied', () => Buffer.alloc(0)],
    ['cut in the middle', (wal) => wal.subarray(0, wal.length / 2)],
    ['overwritten at its end', (wal) => Buffer.concat([wal.subarray(0, -8192), Buffer.alloc(8192, 0xee)])],
    ['overwritten at its beginning', (wal) => Buffer.concat([Buffer.alloc(64), wal.subarray(64)])],
  ])('gets a new epoch when new records follow a -wal file %s after a crash', async (_, spoil) => {
    await using disk = new DiskFixture();
    const first = await disk.open();
    for (let n = 1; n <= 10; n++) await first.publish(topic, entries(n, n));
    const { epoch } = await first.bounds(topic);
    await disk.crash(first);
    writeFileSync(`${disk.path}-wal`, spoil(readFileSync(`${disk.path}-wal`)));
    const warnings: unknown[] = [];
    const warn = (details: unknown) => warnings.push(details);
    const second = await disk.open({ logger: { ...console, warn } });
    await second.publish(topic, entries(11, 40));
    const { gap } = await second.read(topic, { epoch, seq: 10 }, 10);
    expect(gap).toMatchObject({ reason: 'epoch_changed' });
    expect(warnings).toEqual([
      { path: disk.path, reason: expect.stringMatching(/^it lacks the last \d+ of/) },
    ]);
    // Told once: the new epoch lacks nothing.
    const bounds = await second.bounds(topic);
    await disk.crash(second);
    expect(await (await disk.open()).bounds(topic)).toEqual(bounds);
  });

  test('control: keeps its epoch when its -wal file was emptied and the count of acknowledged records is missing', async () => {
    await using disk = new DiskFixture();
    const first = await disk.open();
    await first.publish(topic, entries(1, 10));
    const { epoch } = await first.bounds(topic);
    await disk.crash(first);
    writeFileSync(`${disk.path}-wal`, '');
    const [, stamp = ''] = readFileSync(`${disk.path}-count`, 'utf8').split(' ');
    writeFileSync(`${disk.path}-count`, textOf(0, stamp));
    const second = await disk.open();
    await second.publish(topic, entries(11, 40));
    const { gap, records } = await second.read(topic, { epoch, seq: 10 }, 100);
    expect(gap).toBeNull();
    expect(numbersOf(records)[0]).toBe(21); // the tenth record is another one now
  });

  test('gets a new epoch even if the process dies before the log notes the lost records', async () => {
    await using disk = new DiskFixture();
    const first = await disk.open();
    await first.publish(topic, entries(1, 10));
    const { epoch } = await first.bounds(topic);
    await disk.crash(first);
    writeFileSync(`${disk.path}-wal`, '');
    const before = readFileSync(disk.path);
    const marks = new Marks(disk.path);
    const [mark = ''] = readFileSync(`${disk.path}-mark`, 'utf8').split(/\s/);
    const dies = () => {
      throw new Error('killed');
    };
    expect(() => marks.change(mark, 'f'.repeat(mark.length), 0, dies)).toThrow('killed');
    expect(readFileSync(disk.path).equals(before)).toBe(true);
    expect((await (await disk.open()).bounds(topic)).epoch).not.toBe(epoch);
  });

  test('control: keeps its epoch after a crash that lost nothing', async () => {
    await using disk = new DiskFixture();
    const first = await disk.open();
    await first.publish(topic, entries(1, 3));
    const bounds = await first.bounds(topic);
    await disk.crash(first);
    const second = await disk.open();
    expect(await second.bounds(topic)).toEqual(bounds);
  });

  const state: LogState = { epoch: 'e', mark: 'm', inode: '1', boot: 'b', durability: 'commit', clean: 0 };
  const here: Surroundings = {
    hasMark: true,
    untouched: true,
    inode: '1',
    boot: 'b',
    hasWal: true,
    missing: 0,
  };
  test.each([
    ['trusted when nothing else happened', state, here, null],
    ['trusted when the machine went down', state, { ...here, boot: 'c' }, null],
    [
      'trusted when the process ended, with durability relaxed',
      { ...state, durability: 'relaxed' },
      here,
      null,
    ],
    [
      'doubted when the machine went down, with durability relaxed',
      { ...state, durability: 'relaxed' },
      { ...here, boot: 'c' },
      /relaxed/,
    ],
    [
      'doubted when the machine may have gone down, with durability relaxed',
      { ...state, durability: 'relaxed', boot: '' },
      { ...here, boot: '' },
      /relaxed/,
    ],
    [
      'trusted when it was closed, with durability relaxed',
      { ...state, durability: 'relaxed', clean: 1 },
      { ...here, boot: 'c', hasWal: false },
      null,
    ],
    ['doubted with another mark', { ...state, clean: 1 }, { ...here, hasMark: false }, /not the log/],
    [
      'doubted when its files were put back',
      { ...state, clean: 1 },
      { ...here, untouched: false },
      /put back/,
    ],
    ['doubted with another inode', { ...state, clean: 1 }, { ...here, inode: '2' }, /copy/],
    ['doubted with fewer records than were acknowledged', state, { ...here, missing: 2 }, /lacks the last 2/],
    [
      'doubted with fewer records than were acknowledged, even if it was closed',
      { ...state, clean: 1 },
      { ...here, missing: 1 },
      /lacks the last 1/,
    ],
    ['doubted without its -wal file', state, { ...here, hasWal: false }, /-wal/],
  ])('is recognised: %s', (_, before, now, reason) => {
    const doubt = doubtAbout(before, now);
    if (reason === null) expect(doubt).toBeNull();
    else expect(doubt).toMatch(reason);
  });
});

describe('a file that cannot be used is refused with what to do', () => {
  const refusal = (message: RegExp) => ({ code: 'UNAVAILABLE', message: expect.stringMatching(message) });

  test('when it is damaged', async () => {
    await using disk = new DiskFixture();
    const first = await disk.open();
    await first.publish(topic, entries(1, 500));
    await first.close();
    const bytes = readFileSync(disk.path);
    bytes.fill(0xee, bytes.length / 2, bytes.length / 2 + 8192);
    writeFileSync(disk.path, bytes);
    rmSync(`${disk.path}-mark`);
    await expect(disk.open()).rejects.toMatchObject(refusal(/damaged; move it away/));
  });

  test('when a record is missing', async () => {
    await using disk = new DiskFixture();
    const first = await disk.open();
    await first.publish(topic, entries(1, 5));
    await first.close();
    await disk.query('DELETE FROM records WHERE seq = 3');
    const second = await disk.open();
    const { epoch } = await second.bounds(topic);
    const missing = refusal(/record 3 of topic run-1 is missing/);
    await expect(second.read(topic, { epoch, seq: 0 }, 10)).rejects.toMatchObject(missing);
    await expect(second.read(topic, { epoch, seq: 3 }, 10)).resolves.toMatchObject({ gap: null });
  });

  test('when it is no database', async () => {
    await using disk = new DiskFixture();
    writeFileSync(disk.path, 'Dear diary. '.repeat(1000));
    await expect(disk.open()).rejects.toMatchObject(refusal(/not a log of events/));
  });

  test('when it is the database of another program', async () => {
    await using disk = new DiskFixture();
    await disk.query('CREATE TABLE diary (day TEXT)');
    await expect(disk.open()).rejects.toMatchObject(refusal(/another program/));
    expect(await disk.query('PRAGMA journal_mode')).toEqual([{ journal_mode: 'delete' }]);
  });

  test('when it is of a later version', async () => {
    await using disk = new DiskFixture();
    await (await disk.open()).close();
    await disk.query('PRAGMA user_version = 99');
    await expect(disk.open()).rejects.toMatchObject(refusal(/later version/));
  });

  test('when its directory does not exist', async () => {
    await using disk = new DiskFixture();
    const path = `${disk.path}/nowhere/psyche.db`;
    await expect(disk.open({ path })).rejects.toMatchObject(refusal(/directory must exist/));
  });

  test('when it has no name', async () => {
    await using disk = new DiskFixture();
    await expect(disk.open({ path: ':memory:' })).rejects.toThrow(TypeError);
  });
});
