import { closeSync, constants, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';

/** Digits of the count: enough for every safe integer. */
const COUNT_DIGITS = 16;

/**
 * The file beside the log, `<path>-mark`, that tells whether the log is whole. It holds
 *
 * - the mark that the log itself holds and that every opening and closing changes. A log with another mark is an older
 *   one put in its place: a backup that was restored;
 * - how many records were acknowledged. A log that holds fewer has lost its end: somebody truncated or exchanged the
 *   log or its `-wal` file.
 */
export class Marks {
  readonly #path: string;
  #marks: readonly [string, string] = ['', ''];
  #file: number | null = null;

  constructor(path: string) {
    this.#path = `${path}-mark`;
  }

  /** Whether a log that holds `mark` is the one that was used here last. */
  has(mark: string): boolean {
    return this.#read().slice(0, 2).includes(mark);
  }

  /** Records that were acknowledged here, in all topics; 0 where no count was written. */
  get acknowledged(): number {
    return Number(this.#read()[2] ?? 0) || 0;
  }

  /**
   * Changes the mark by `commit`, which writes it to the log; a crash at any point leaves the two in agreement.
   * @param count records that the log holds. Until `commit` is done a higher count stays: the log has not said yet
   * that it lacks some.
   */
  change(before: string, after: string, count: number, commit: () => void): void {
    this.#write([before, after], Math.max(count, this.acknowledged));
    commit();
    this.#write([after, after], count);
  }

  /**
   * Says how many records are acknowledged. It is not synced: a process that is killed loses nothing of it, and of a
   * machine that goes down an older count remains, which is true of what the log holds then.
   */
  acknowledge(count: number): void {
    this.#file ??= this.#open();
    writeSync(this.#file, textOf(this.#marks, count), 0);
  }

  close(): void {
    if (this.#file !== null) closeSync(this.#file);
    this.#file = null;
  }

  #read(): string[] {
    try {
      return readFileSync(this.#path, 'utf8').split(/\s/);
    } catch {
      return [];
    }
  }

  #write(marks: readonly [string, string], count: number): void {
    this.#marks = marks;
    const file = this.#open();
    try {
      writeSync(file, textOf(marks, count), 0);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  }

  #open(): number {
    return openSync(this.#path, constants.O_RDWR | constants.O_CREAT);
  }
}

/** Always of the same length, so that it replaces what is there: no moment has half of it. */
function textOf(marks: readonly [string, string], count: number): string {
  return `${marks.join(' ')} ${String(count).padStart(COUNT_DIGITS, '0')}\n`;
}
