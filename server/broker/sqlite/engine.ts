import type { DatabaseSyncInstance } from '@photostructure/sqlite';
import { EventsError } from '../../../shared/errors.ts';

export type Database = DatabaseSyncInstance;
type Sqlite = Pick<typeof import('@photostructure/sqlite'), 'DatabaseSync'>;

/**
 * SQLite as Node brings it from 22.13 on, or the package that gives Node 20 the same.
 * @throws EventsError UNAVAILABLE when there is neither
 */
export async function loadSqlite(): Promise<Sqlite> {
  const own = process.getBuiltinModule('node:sqlite');
  if (own && isSqlite(own)) return own;
  try {
    return await import('@photostructure/sqlite');
  } catch (cause) {
    throw new EventsError(
      'UNAVAILABLE',
      'To keep events on disk, run on Node 22.13 or newer, or: npm install @photostructure/sqlite@1',
      { cause },
    );
  }
}

function isSqlite(module: object): module is Sqlite {
  return 'DatabaseSync' in module;
}
