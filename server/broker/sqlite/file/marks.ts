import { closeSync, constants, fsyncSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';

/** Digits of the count: enough for every safe integer. */
const COUNT_DIGITS = 16;
/** Characters of a stamp: two numbers of 64 bits and a colon. */
const STAMP_CHARS = 41;

/**
 * Two files beside the log, which tell if it is complete, and if it is the log that was used here last.
 *
 * `<path>-mark` holds the mark that the log itself holds too; every opening and closing changes both. A log with another mark
 * is an older one that was put in its place. Nothing else writes to the `-mark` file, so the time of its last change
 * (ctime), which no program can set, tells if it is still the file written here: a file that was put back, even together
 * with all the others, has the time at which that was done.
 *
 * `<path>-count` holds the inode and the ctime of the `-mark` file, and the number of records that were acknowledged. A log
 * that holds fewer has lost its end: somebody truncated or exchanged the log or its `-wal` file.
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

  /** Tells if the `-mark` file is the one written here: nobody put it back, copied or moved it. */
  get untouched(): boolean {
    const [, stamp] = wordsOf(this.#countPath);
    return stamp !== undefined && stamp === stampOf(this.#markPath);
  }

  /** Number of records acknowledged here, in all topics; 0 if no count was written. */
  get acknowledged(): number {
    return Number(wordsOf(this.#countPath)[0] ?? 0) || 0;
  }

  /**
   * Changes the mark. A crash before this returns loses nothing, but the log cannot be trusted then, and begins a new epoch.
   * @param count number of records that the log holds. A higher count stays until `commit` is done: only then has the log
   * a new epoch for the records that it lacks.
   * @param commit writes the mark to the log
   */
  change(before: string, after: string, count: number, commit: () => void): void {
    writeSynced(this.#markPath, `${before} ${after}\n`);
    commit();
    writeSynced(this.#markPath, `${after} ${after}\n`);
    this.#stamp = stampOf(this.#markPath);
    writeSynced(this.#countPath, textOf(count, this.#stamp));
  }

  /**
   * Writes the number of acknowledged records, without a sync. A killed process loses nothing of it. A machine that goes
   * down may leave an older count, which is right for what the log holds then.
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

/** Identity of a file and the time of its last change of any kind: `<inode>:<ns>`. Empty if there is no file. */
export function stampOf(path: string): string {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat ? `${stat.ino}:${stat.ctimeNs}` : '';
}

/** Content of the `-count` file. Its length is constant, so that a write replaces all of the old content at once. */
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
