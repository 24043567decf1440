import { type FileHandle, open } from 'node:fs/promises';
import type { EventsError } from '../../../shared/errors.ts';
import { LogUnavailable } from '../broker.ts';
import { newEpoch } from '../epoch.ts';
import { type Database, unavailable } from './engine.ts';
import { Marks } from './marks.ts';
import { type FileSettings, openFile, release, rollBack } from './open-file.ts';
import { countAppended, prepareStatements, type Statements, saveState } from './schema.ts';
import type { LogState } from './trust.ts';

/** An open log: runs transactions, and makes them durable. */
export class LogFile {
  readonly path: string;
  readonly statements: Statements;
  readonly #db: Database;
  readonly #state: LogState;
  readonly #marks: Marks;
  /** The `-wal` file, to be synced; null with relaxed durability. */
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

  /** @throws EventsError UNAVAILABLE when the file cannot be used; the message has the remedy */
  static async open(settings: FileSettings): Promise<LogFile> {
    const { path, durability } = settings;
    const marks = new Marks(path);
    const { db, state } = await openFile(settings, marks);
    try {
      // SQLite must not sync at commits, which would block the event loop: `sync` does it instead.
      db.exec('PRAGMA synchronous = NORMAL');
      const wal = durability === 'commit' ? await open(`${path}-wal`, 'r+') : null;
      return new LogFile(path, db, state, marks, wal);
    } catch (error) {
      release(db);
      throw unavailable(path, error);
    }
  }

  /** The file's epoch, from which the epochs of its topics are derived. */
  get epoch(): string {
    return this.#state.epoch;
  }

  /**
   * Commits all that `work` writes, or nothing.
   * @param erases true if SQLite is to write zeros over what `work` takes out of the file
   * @throws EventsError UNAVAILABLE
   */
  transaction(work: () => void, erases = false): void {
    if (this.#failure) throw this.#failure;
    const { begin, commit } = this.statements;
    try {
      if (erases) this.#db.exec('PRAGMA secure_delete = ON');
      begin.run();
      work();
      commit.run();
    } catch (error) {
      rollBack(this.#db);
      throw unavailable(this.path, error);
    } finally {
      if (erases) this.#db.exec('PRAGMA secure_delete = OFF');
    }
  }

  /** Moves the `-wal` file into the file and empties it: what was erased is in neither. @throws EventsError UNAVAILABLE */
  emptyWal(): void {
    try {
      this.#db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    } catch (error) {
      throw unavailable(this.path, error);
    }
  }

  /**
   * Resolves once every transaction so far is as durable as asked for, and its records are counted as acknowledged: if the
   * log is opened with fewer, it has lost some.
   * @param appended number of records that the transactions since the last call added
   * @throws EventsError UNAVAILABLE if the disk fails. Every later transaction fails too: only when the log is opened again
   * is it known what the disk holds
   */
  async sync(appended: number): Promise<void> {
    try {
      await this.#wal?.datasync();
      this.#acknowledged += appended;
      this.#marks.acknowledge(this.#acknowledged);
    } catch (cause) {
      const what =
        'the disk failed to store a publish; nothing can be published until the log is opened again: restart';
      this.#failure = new LogUnavailable(`${this.path}: ${what}.`, cause);
      throw this.#failure;
    }
  }

  async close(): Promise<void> {
    try {
      await this.#wal?.close();
      if (!this.#failure) this.#markClean();
    } catch {
      // The next opening takes it for a crash.
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
