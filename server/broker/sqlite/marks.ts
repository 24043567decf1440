import { closeSync, constants, fsyncSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';

/** Digits of the count: enough for every safe integer. */
const COUNT_DIGITS = 16;
/** Characters of a stamp: two numbers of 64 bits, and what parts them. */
const STAMP_CHARS = 41;

/**
 * Two files beside the log tell whether it is whole, and the one that was used here last.
 *
 * `<path>-mark` holds the mark that the log itself holds, and that every opening and closing changes. A log with another
 * mark is an older one put in its place. Nothing else writes to this file: so the time of its last change, which no
 * program can set, tells whether it is still the file that was written here. One that was put back, with all the others,
 * has the time at which that was done.
 *
 * `<path>-count` holds the inode and that time of the `-mark` file, and how many records were acknowledged. A log that
 * holds fewer has lost its end: somebody truncated or exchanged the log or its `-wal` file.
 */
export class Marks {
  readonly #markPath: string;
  readonly #countPath: string;
  #stamp = '';
  #countFile: number | null = null;

  constructor(path: string) {
    this.#markPath = `${path}-mark`;
    this.#countPath = `${path}-count`;
  }

  /** Tells if a log that holds `mark` is the one that was used here last. */
  has(mark: string): boolean {
    return wordsOf(this.#markPath).includes(mark);
  }

  /** Tells if the `-mark` file is the one that was written here: nobody put it back, copied or moved it. */
  get untouched(): boolean {
    const [, stamp] = wordsOf(this.#countPath);
    return stamp !== undefined && stamp === stampOf(this.#markPath);
  }

  /** Records that were acknowledged here, in all topics; 0 where no count was written. */
  get acknowledged(): number {
    return Number(wordsOf(this.#countPath)[0] ?? 0) || 0;
  }

  /**
   * Changes the mark by `commit`, which writes it to the log. A crash before this returns leaves a log that is not lost,
   * and in doubt: it begins a new epoch.
   * @param count records that the log holds. Until `commit` is done a higher count stays: the log has not said yet
   * that it lacks some.
   */
  change(before: string, after: string, count: number, commit: () => void): void {
    writeSynced(this.#markPath, `${before} ${after}\n`);
    commit();
    writeSynced(this.#markPath, `${after} ${after}\n`);
    this.#stamp = stampOf(this.#markPath);
    writeSynced(this.#countPath, textOf(count, this.#stamp));
  }

  /**
   * Says how many records are acknowledged. It is not synced: a process that is killed loses nothing of it, and of a
   * machine that goes down an older count remains, which is true of what the log holds then.
   */
  acknowledge(count: number): void {
    this.#countFile ??= openForWriting(this.#countPath);
    writeSync(this.#countFile, textOf(count, this.#stamp), 0);
  }

  close(): void {
    if (this.#countFile !== null) closeSync(this.#countFile);
    this.#countFile = null;
  }
}

/** Identity of a file, with the time of its last change of any kind: `<inode>:<ns>`. Empty if there is none. */
export function stampOf(path: string): string {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat ? `${stat.ino}:${stat.ctimeNs}` : '';
}

/** Always of the same length, so that it replaces what is there: no moment has half of it. */
export function textOf(count: number, stamp: string): string {
  return `${String(count).padStart(COUNT_DIGITS, '0')} ${stamp.padEnd(STAMP_CHARS)}\n`;
}

function wordsOf(path: string): string[] {
  try {
    return readFileSync(path, 'utf8')
      .split(/\s+/)
      .filter((word) => word !== '');
  } catch {
    return [];
  }
}

function writeSynced(path: string, text: string): void {
  const file = openForWriting(path);
  try {
    writeSync(file, text, 0);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function openForWriting(path: string): number {
  return openSync(path, constants.O_RDWR | constants.O_CREAT);
}
