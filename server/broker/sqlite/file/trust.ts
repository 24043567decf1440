import { readFileSync, statSync } from 'node:fs';

/** The state in which a log was left, stored in it. */
export interface LogState {
  /** The epochs of its topics are derived from this one. */
  readonly epoch: string;
  readonly mark: string;
  /** Identity of the file it was written to. */
  readonly inode: string;
  /** Identity of the machine's run in which it was written; empty if the system has none. */
  readonly boot: string;
  readonly durability: string;
  /** 1 if it was closed, 0 if its process ended otherwise. */
  readonly clean: number;
}

/** Facts found around a log when it is opened. */
export interface Surroundings {
  /** True if the `-mark` file has the log's mark. */
  readonly hasMark: boolean;
  /** True if the `-mark` file is the one written here, and not one that was put back. */
  readonly untouched: boolean;
  readonly inode: string;
  readonly boot: string;
  /** True if there was a `-wal` file. */
  readonly hasWal: boolean;
  /** Number of acknowledged records that the log lacks. */
  readonly missing: number;
}

/**
 * The reason for which the log may lack records that somebody has seen; null if it has all. It must then begin a new epoch,
 * because its next records would get numbers that were given before.
 *
 * Doubted although nothing is lost: files whose owner or mode was changed, or that were moved or linked to; a crash within
 * the ten or so ms of an opening or closing. Subscribers are then told of a gap in which there was nothing.
 *
 * Not noticed: a whole disk or volume that is set back, with all times of its files (a snapshot of a file system or of a
 * virtual machine); a log that is put back with its `-wal` and `-count` files, but without its `-mark` file, during the
 * session in which it was copied; records at the end that a disk loses although it reported them as stored, if it loses the
 * last count too.
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

/** Tells if the machine may have gone down since the last use, and not only the process. */
export function restarted(state: LogState, now: Surroundings): boolean {
  return now.boot === '' || state.boot !== now.boot;
}

/** Identity of this run of the machine; empty if the system has none. */
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
