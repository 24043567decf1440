import { statSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { type EventsError, messageOf } from '../../../../shared/errors.ts';
import type { Logger } from '../../../telemetry/logger.ts';
import { LogUnavailable } from '../../broker.ts';
import { newEpoch } from '../../epoch.ts';
import { type Database, unavailable } from './engine.ts';
import { Marks } from './marks.ts';
import { type FileSettings, openFile, release, rollBack } from './open-file.ts';
import { countAppended, prepareStatements, type Statements, saveState } from './schema.ts';
import type { LogState } from './trust.ts';

/** Bytes of a file that is written anew when something was erased. */
const SCRUB_BYTES = 64 * 1024 * 1024;
const COPIES =
  'Erased records cannot be read any more, but unused parts of the file may hold copies of them. To remove those: stop this process, then sqlite3 <file> VACUUM';

/** An open log: runs transactions, and makes them durable. */
export class LogFile {
  readonly path: string;
  readonly statements: Statements;
  readonly #logger: Logger;
  readonly #db: Database;
  readonly #state: LogState;
  readonly #marks: Marks;
  /** The `-wal` file, to be synced; null with relaxed durability. */
  readonly #wal: FileHandle | null;
  #acknowledged: number;
  #failure: EventsError | null = null;

  private constructor(
    { path, logger }: FileSettings,
    { db, state }: { db: Database; state: LogState },
    marks: Marks,
    wal: FileHandle | null,
  ) {
    this.path = path;
    this.#logger = logger;
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
    const opened = await openFile(settings, marks);
    const { db } = opened;
    try {
      // SQLite must not sync at commits, which would block the event loop: `sync` does it instead.
      db.exec('PRAGMA synchronous = NORMAL');
      const wal = durability === 'commit' ? await open(`${path}-wal`, 'r+') : null;
      return new LogFile(settings, opened, marks, wal);
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

  /**
   * Takes what was erased out of the unused parts of the file, where SQLite leaves copies when it moves records between
   * pages, and out of the `-wal` file. Writing the file anew blocks the process, about a second for 64 MiB: in a larger file
   * copies stay until their place is used, and a line tells how to remove them.
   */
  scrub(): void {
    const { path } = this;
    try {
      const { size } = statSync(path);
      if (size <= SCRUB_BYTES) this.#db.exec('VACUUM');
      else this.#logger.warn({ path, size }, COPIES);
      this.#db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    } catch (error) {
      this.#logger.warn({ path, reason: messageOf(error) }, COPIES);
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
