import { closeSync, constants, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';

/**
 * A note beside the log, `<path>-mark`, of the mark the log itself holds and that every opening and closing
 * changes. A log with another mark is an older one put in its place: a backup that was restored.
 */
export class Marks {
  readonly #path: string;

  constructor(path: string) {
    this.#path = `${path}-mark`;
  }

  /** Whether a log that holds `mark` is the one that was used here last. */
  has(mark: string): boolean {
    try {
      return readFileSync(this.#path, 'utf8').split(/\s/).includes(mark);
    } catch {
      return false;
    }
  }

  /** Changes the mark by `commit`, which writes it to the log; a crash at any point leaves the two in agreement. */
  change(before: string, after: string, commit: () => void): void {
    this.#write(before, after);
    commit();
    this.#write(after, after);
  }

  #write(one: string, other: string): void {
    // Always the same length, over what is there: no moment has half of it.
    const file = openSync(this.#path, constants.O_RDWR | constants.O_CREAT);
    try {
      writeSync(file, `${one} ${other}\n`, 0);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  }
}
