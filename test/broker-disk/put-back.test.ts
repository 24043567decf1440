import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { SqliteBroker } from '../../server/broker/sqlite/sqlite-broker.ts';
import { entries, numbersOf } from '../broker/contract/entries.ts';
import { DiskFixture } from './fixtures.ts';

const topic = 'run-1';

let disk: DiskFixture;
let backup: string;

beforeEach(() => {
  disk = new DiskFixture();
  backup = mkdtempSync(join(tmpdir(), 'psyche-backup-'));
});
afterEach(async () => {
  await disk[Symbol.asyncDispose]();
  rmSync(backup, { recursive: true, force: true });
});

const emptied = () => {
  rmSync(disk.directory, { recursive: true });
  mkdirSync(disk.directory);
};
const shell = (command: string) => execFileSync('sh', ['-c', command, 'sh', disk.directory, backup]);

/** Ways to keep all files of a log, and to put them back with their times. */
const WAYS: [string, () => void, () => void][] = [
  [
    'copied over those that are there',
    () => shell('cp -p "$1"/* "$2"'),
    () => shell('rm -f "$1"/*-wal; cp -p "$2"/* "$1"'),
  ],
  [
    'copied to an emptied directory',
    () => shell('cp -a "$1"/. "$2"'),
    () => {
      emptied();
      shell('cp -a "$2"/. "$1"');
    },
  ],
  [
    'unpacked by tar',
    () => shell('tar -C "$1" -cf "$2/all.tar" .'),
    () => shell('rm -f "$1"/*-wal; tar -C "$1" -xpf "$2/all.tar"'),
  ],
  [
    'unpacked by tar into an emptied directory',
    () => shell('tar -C "$1" -cf "$2/all.tar" .'),
    () => {
      emptied();
      shell('tar -C "$1" -xpf "$2/all.tar"');
    },
  ],
  [
    'copied by node',
    () => cpSync(disk.directory, backup, { recursive: true, preserveTimestamps: true }),
    () => {
      for (const file of readdirSync(disk.directory))
        if (file.endsWith('-wal')) rmSync(join(disk.directory, file));
      cpSync(backup, disk.directory, { recursive: true, preserveTimestamps: true });
    },
  ],
];

/** A log that is kept with three records, goes on to six, and is put back; new records then take the places of the lost. */
async function putBack(keep: () => void, restore: () => void, stop: (broker: SqliteBroker) => Promise<void>) {
  const first = await disk.open();
  await first.publish(topic, entries(1, 3));
  await stop(first);
  keep();
  const second = await disk.open();
  await second.publish(topic, entries(4, 6));
  const seen = await second.bounds(topic);
  await second.close();
  restore();
  return seen;
}

async function resumed(at: { epoch: string; last: number }) {
  const warnings: unknown[] = [];
  const warn = (details: unknown) => warnings.push(details);
  const broker = await disk.open({ logger: { ...console, warn } });
  await broker.publish(topic, entries(11, 20));
  return { ...(await broker.read(topic, { epoch: at.epoch, seq: at.last }, 100)), warnings };
}

describe('[D1] a log whose files were all put back from one moment begins a new epoch', () => {
  describe.each(WAYS)('%s', (_, keep, restore) => {
    test.each<[string, (broker: SqliteBroker) => Promise<void>]>([
      ['copied while it was closed', (broker) => broker.close()],
      ['copied after a crash', (broker) => disk.crash(broker)],
    ])('when they were %s', async (_, stop) => {
      const { gap, records, warnings } = await resumed(await putBack(keep, restore, stop));
      expect(gap).toMatchObject({ reason: 'epoch_changed', lost: null });
      expect(numbersOf(records)).toEqual([1, 2, 3, ...Array.from({ length: 10 }, (_, index) => 11 + index)]);
      expect(warnings).toMatchObject([{ reason: expect.stringMatching(/copy|put back/) }]);
    });

    test('when they were copied during writes, and put back into the session they were copied in', async () => {
      const broker = await disk.open();
      await broker.publish(topic, entries(1, 3));
      keep();
      await broker.publish(topic, entries(4, 6));
      const seen = await broker.bounds(topic);
      await disk.crash(broker);
      restore();
      const { gap } = await resumed(seen);
      expect(gap).toMatchObject({ reason: 'epoch_changed' });
    });
  });

  test('control: unless the time of its -mark file is unknown, when a subscriber that resumes misses records in silence', async () => {
    const [, keep, restore] = WAYS[0] ?? [];
    if (!keep || !restore) throw new Error('there is no way');
    const seen = await putBack(keep, restore, (broker) => broker.close());
    disk.forgeStamp();
    const { gap, records, warnings } = await resumed(seen);
    expect(gap).toBeNull();
    expect(warnings).toEqual([]);
    expect(numbersOf(records)).toEqual([14, 15, 16, 17, 18, 19, 20]); // 11, 12 and 13 have the numbers of 4, 5 and 6
  });

  test('control: but a log of which a backup was only made keeps its epoch', async () => {
    for (const [, keep] of WAYS) {
      const broker = await disk.open();
      await broker.publish(topic, entries(1, 1));
      keep();
      const { epoch } = await broker.bounds(topic);
      await broker.close();
      keep();
      expect((await (await disk.open()).bounds(topic)).epoch).toBe(epoch);
      await disk.closeAll();
    }
  });
});

test('a log whose file mode was changed begins a new epoch, although nothing is lost', async () => {
  const first = await disk.open();
  await first.publish(topic, entries(1, 3));
  const { epoch } = await first.bounds(topic);
  await first.close();
  chmodSync(`${disk.path}-mark`, 0o640);
  expect((await (await disk.open()).bounds(topic)).epoch).not.toBe(epoch);
});
