import { readFile, rm, writeFile } from 'node:fs/promises';
import { DiskFixture } from '../../broker-disk/fixtures.ts';
import { writeFileOfFormat1 } from '../../versions/format-1.ts';
import type { Kept } from '../reference/kept.ts';
import { ALIKE, type Backend, lend, retentionOf, TOPIC } from './backend.ts';

/** A log in a file, which is closed while it is lost or replaced. */
export async function fileBackend(kept: Kept = ALIKE): Promise<Backend> {
  const disk = new DiskFixture();
  const open = () => disk.open({ ...retentionOf(kept), durability: 'relaxed' });
  let broker = await open();
  const restart = async (between = async () => {}) => {
    await broker.close();
    await between();
    broker = await open();
  };
  const remove = async (...suffixes: string[]) => {
    for (const suffix of suffixes) await rm(`${disk.path}${suffix}`, { force: true });
  };
  const removeAll = () => remove('', '-wal', '-mark', '-count', '-shm');
  let copy: Buffer | undefined;
  return {
    kept,
    broker: () => lend(broker),
    replica: {
      copy: () =>
        restart(async () => {
          copy = await readFile(disk.path);
        }),
      promote: () =>
        restart(async () => {
          await remove('-wal', '-shm');
          await writeFile(disk.path, copy ?? '');
        }),
    },
    losesInPlace: false,
    restart: () => restart(),
    lose: () => restart(removeAll),
    async passTime(ms) {
      disk.passTime(ms);
    },
    inherit: (entries) =>
      restart(async () => {
        await removeAll();
        // Of those that were used here last, and of those that were not, in turns.
        await writeFileOfFormat1(disk, TOPIC, entries, { isKnown: entries.length % 2 === 0 });
      }),
    [Symbol.asyncDispose]: () => disk[Symbol.asyncDispose](),
  };
}
