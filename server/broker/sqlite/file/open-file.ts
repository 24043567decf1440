import { existsSync } from 'node:fs';
import type { Logger } from '../../../telemetry/logger.ts';
import { newEpoch } from '../../epoch.ts';
import { type Database, damaged, loadSqlite, unavailable } from './engine.ts';
import type { Marks } from './marks.ts';
import { CLEAR_OPEN } from './open-tables.ts';
import {
  countAppended,
  createTables,
  findDamage,
  isLog,
  isNewFile,
  loadState,
  refuseLater,
  saveState,
  upgradeTables,
} from './schema.ts';
import { bootId, doubtAbout, inodeOf, type LogState, restarted, type Surroundings } from './trust.ts';

/** Points at which a publish is acknowledged, and its records are shown: see SqliteBrokerOptions. */
export const DURABILITIES = ['commit', 'relaxed'] as const;

export type Durability = (typeof DURABILITIES)[number];

export interface FileSettings {
  readonly path: string;
  readonly durability: Durability;
  /** Infinity: until the disk is full. */
  readonly maxFileBytes: number;
  readonly logger: Logger;
}

const PAGE_BYTES = 4096;

/**
 * Opens or creates a log, locks it, and marks it as in use.
 * @throws EventsError UNAVAILABLE when the file cannot be used; the message has the remedy
 */
export async function openFile(
  settings: FileSettings,
  marks: Marks,
): Promise<{ db: Database; state: LogState }> {
  const { path } = settings;
  const { DatabaseSync } = await loadSqlite();
  const hasWal = existsSync(`${path}-wal`);
  let db: Database | null = null;
  try {
    if (hasWal && existsSync(path)) {
      const reader = new DatabaseSync(path, { readOnly: true });
      try {
        refuseLater(reader);
      } finally {
        reader.close();
      }
    }
    db = new DatabaseSync(path);
    return { db, state: takeOver(db, marks, hasWal, settings) };
  } catch (error) {
    if (db) release(db);
    throw unavailable(path, error);
  }
}

/**
 * Releases the lock of a file, then closes it. Closing alone may keep the lock: @photostructure/sqlite keeps the file open
 * until its statements are garbage-collected.
 */
export function release(db: Database): void {
  rollBack(db);
  try {
    if (isLog(db)) db.exec('PRAGMA journal_mode = DELETE');
    db.exec('PRAGMA locking_mode = NORMAL; SELECT 1 FROM sqlite_schema');
  } catch {
    // A file that cannot be written is closed as it is.
  } finally {
    db.close();
  }
}

/** Ends a transaction, if SQLite has not done so by itself. */
export function rollBack(db: Database): void {
  try {
    db.exec('ROLLBACK');
  } catch {
    // There was none.
  }
}

/** Locks the file, decides if its content can be trusted, and begins a session in it. */
function takeOver(db: Database, marks: Marks, hasWal: boolean, settings: FileSettings): LogState {
  const { path, durability, maxFileBytes } = settings;
  db.exec('PRAGMA locking_mode = EXCLUSIVE');
  const before = isNewFile(db) ? null : loadState(db);
  configure(db, maxFileBytes);
  upgradeTables(db);
  const hasMark = before !== null && marks.has(before.mark);
  const appended = before ? countAppended(db) : 0;
  const missing = hasMark ? Math.max(0, marks.acknowledged - appended) : 0;
  const { untouched } = marks;
  const here = { hasMark, untouched, inode: inodeOf(path), boot: bootId(), hasWal, missing };
  const epoch = before && trusts(db, before, here, settings) ? before.epoch : newEpoch();
  const { inode, boot } = here;
  const state = { epoch, mark: newEpoch(), inode, boot, durability, clean: 0 };
  marks.change(before?.mark ?? state.mark, state.mark, appended, () => {
    db.exec('BEGIN IMMEDIATE');
    if (!before) createTables(db);
    else if (epoch !== before.epoch) db.exec(CLEAR_OPEN);
    saveState(db, state);
    db.exec('COMMIT');
  });
  // Syncs what a killed process wrote and did not sync, before anybody sees it.
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  return state;
}

function configure(db: Database, maxFileBytes: number): void {
  db.exec(`
    PRAGMA page_size = ${PAGE_BYTES};
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA checkpoint_fullfsync = ON;`);
  if (Number.isFinite(maxFileBytes))
    db.exec(`PRAGMA max_page_count = ${Math.ceil(maxFileBytes / PAGE_BYTES)}`);
}

/** Tells if the log still has all records that anybody saw, so that its epoch goes on. @throws EventsError UNAVAILABLE when it is damaged */
function trusts(db: Database, before: LogState, here: Surroundings, { path, logger }: FileSettings): boolean {
  const doubt = doubtAbout(before, here);
  if (doubt !== null || (!before.clean && restarted(before, here))) {
    const damage = findDamage(db);
    if (damage !== null) throw damaged(path, damage);
  }
  if (doubt === null) return true;
  logger.warn(
    { path, reason: doubt },
    'The end of the log may be lost. The log begins a new epoch, and subscribers are told a gap',
  );
  return false;
}
