import { readFileSync, statSync } from 'node:fs';

/** A log's note of its last use. */
export interface LogState {
  /** All its topics' epochs come from this one. */
  readonly epoch: string;
  readonly mark: string;
  /** Identity of the file it was written to. */
  readonly inode: string;
  /** Identity of the machine's run it was written in; empty where that has none. */
  readonly boot: string;
  readonly durability: string;
  /** 1 if it was closed, 0 if its process ended in another way. */
  readonly clean: number;
}

/** Options with which a log is opened. */
export interface Surroundings {
  readonly hasMark: boolean;
  /** True if the file with the mark is the one that was written here, and not one that was put back. */
  readonly untouched: boolean;
  readonly inode: string;
  readonly boot: string;
  /** True if there was a `-wal` file. */
  readonly hasWal: boolean;
  /** Records that were acknowledged and that the log lacks. */
  readonly missing: number;
}

/**
 * Why the log may lack records that somebody has seen, or null. It must then begin a new epoch: its next records
 * would be given numbers that were given before.
 *
 * Doubted although nothing is lost: files whose owner or mode was changed, that were moved or linked to; a crash within
 * the some ten ms of an opening or closing. Then subscribers are told a gap in which nothing was.
 *
 * Not noticed: a whole disk or volume that is set back, with all times of its files (a snapshot of a file system or a
 * virtual machine); a log that is put back with its `-wal` and `-count` files, but not its `-mark` file, to the session
 * it was copied in; a tail that a disk loses although it said it was stored, if it loses the last count too.
 */
export function doubtAbout(state: LogState, now: Surroundings): string | null {
  if (!now.hasMark) return 'it is not the log that was used here last';
  if (state.inode !== now.inode) return 'it is a copy of the log that was used last';
  if (now.missing > 0) return `it lacks the last ${now.missing} of the records that were acknowledged`;
  if (!now.untouched) return 'its files were put back, copied or moved since it was used last';
  if (state.clean) return null;
  if (!now.hasWal) return 'the -wal file with its end is missing';
  if (state.durability === 'relaxed' && restarted(state, now)) {
    return 'the machine went down while it was written with relaxed durability';
  }
  return null;
}

/** Tells if the machine may have gone down since, and not only the process. */
export function restarted(state: LogState, now: Surroundings): boolean {
  return now.boot === '' || state.boot !== now.boot;
}

/** A name for this run of the machine; empty where it has none. */
export function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}

export function inodeOf(path: string): string {
  return statSync(path, { bigint: true }).ino.toString();
}
