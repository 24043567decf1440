import { type FileHandle, open } from 'node:fs/promises';
import type { EventsError } from '../../../shared/errors.ts';
import { newEpoch } from '../epoch.ts';
import { LogUnavailable } from '../log-unavailable.ts';
import type { Database } from './engine.ts';
import { unavailable } from './failures.ts';
import { Marks } from './marks.ts';
import { type FileSettings, openFile, release, rollBack } from './open-file.ts';
import { countAppended, prepareStatements, type Statements, saveState } from './schema.ts';
import type { LogState } from './trust.ts';

/** An open log: its transactions, and what makes them durable. */
export class LogFile {
  readonly path: string;
  readonly statements: Statements;
  readonly #db: Database;
  readonly #state: LogState;
  readonly #marks: Marks;
  /** Null where writes are left to the operating system. */
  readonly #wal: FileHandle | null;
  #acknowledged: number;
  #failure: EventsError | null = null;

  private constructor(path: string, db: Database, state: LogState, marks: Marks, wal: FileHandle | null) {
    this.path = path;
    this.statements = prepareStatements(db);
    this.#db = db;
    this.#state = state;
    this.#marks = marks;
    this.#acknowledged = countAppended(db);
    this.#wal = wal;
  }

  /** @throws EventsError UNAVAILABLE when the file cannot be used, with what to do about it */
  static async open(settings: FileSettings): Promise<LogFile> {
    const { path, durability } = settings;
    const marks = new Marks(path);
    const { db, state } = await openFile(settings, marks);
    try {
      // SQLite's own sync of a commit would hold up the event loop: `sync` does it instead.
      db.exec('PRAGMA synchronous = NORMAL');
      const wal = durability === 'commit' ? await open(`${path}-wal`, 'r+') : null;
      return new LogFile(path, db, state, marks, wal);
    } catch (error) {
      release(db);
      throw unavailable(path, error);
    }
  }

  /** The epoch of the file, from which all its topics' epochs are made. */
  get epoch(): string {
    return this.#state.epoch;
  }

  /** Does all that `work` writes, or nothing. @throws EventsError UNAVAILABLE */
  transaction(work: () => void): void {
    if (this.#failure) throw this.#failure;
    const { begin, commit } = this.statements;
    try {
      begin.run();
      work();
      commit.run();
    } catch (error) {
      rollBack(this.#db);
      throw unavailable(this.path, error);
    }
  }

  /**
   * Resolves once every transaction so far is as durable as asked for, and its records are noted as acknowledged: a log
   * that is opened with fewer has lost some.
   * @param appended records that the transactions since the last call added
   * @throws EventsError UNAVAILABLE if the disk fails, and so does every transaction from then on: what a disk holds
   * after that is only known when the log is opened again
   */
  async sync(appended: number): Promise<void> {
    try {
      await this.#wal?.datasync();
      this.#acknowledged += appended;
      this.#marks.acknowledge(this.#acknowledged);
    } catch (cause) {
      const what = 'the disk failed to store it; nothing is published until the log is opened again';
      this.#failure = new LogUnavailable(`${this.path}: ${what}.`, cause);
      throw this.#failure;
    }
  }

  async close(): Promise<void> {
    try {
      await this.#wal?.close();
      if (!this.#failure) this.#markClean();
    } catch {
      // The next opening will take it for a crash.
    } finally {
      this.#marks.close();
      release(this.#db);
    }
  }

  #markClean(): void {
    const mark = newEpoch();
    this.#marks.change(this.#state.mark, mark, this.#acknowledged, () => {
      this.#db.exec('PRAGMA synchronous = FULL');
      saveState(this.#db, { ...this.#state, mark, clean: 1 });
    });
  }
}
