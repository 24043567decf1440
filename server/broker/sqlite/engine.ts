import { EventsError } from '../../../shared/errors.ts';

/** A value that SQLite keeps. */
type Value = string | number | bigint | null;

/** A database of `node:sqlite`, as far as it is used: so that no types of an engine are needed to compile against this package. */
export interface Database {
  exec(sql: string): void;
  prepare(sql: string): Statement;
  close(): void;
}

/** A prepared statement. Its rows have the type that whoever asks expects of them. */
export interface Statement {
  run(...values: Value[]): { lastInsertRowid: number | bigint };
  get<Row>(...values: Value[]): Row | undefined;
  all<Row>(...values: Value[]): Row[];
  iterate<Row>(...values: Value[]): Iterator<Row>;
}

interface Sqlite {
  readonly DatabaseSync: new (path: string) => Database;
}

/** @throws what an import throws when there is nothing to import */
type ImportSqlite = () => Promise<Sqlite>;

/**
 * SQLite as Node brings it from 22.13 on, or the package that gives Node 20 the same.
 * @param own Node's own module. @default what this process has
 * @param importPackage imports the package. @default by its name
 * @throws EventsError UNAVAILABLE when there is neither, with what to install
 */
export async function loadSqlite(
  own: () => unknown = ownSqlite,
  importPackage?: ImportSqlite,
): Promise<Sqlite> {
  const module = own();
  if (isSqlite(module)) return module;
  try {
    if (importPackage) return await importPackage();
    // Awaited within the try: so a bundler goes on where the package is missing.
    return await import('@photostructure/sqlite');
  } catch (cause) {
    throw new EventsError(
      'UNAVAILABLE',
      'To keep events on disk, run on Node 22.13 or newer, or: npm install @photostructure/sqlite@1',
      { cause },
    );
  }
}

/**
 * Loads `node:sqlite` without its notice that it is experimental, which Node 22 and 23 print once: nobody who runs a server
 * can do anything about it. What is used here is alike in all of them, and the tests run on it.
 */
function ownSqlite(): unknown {
  const { emitWarning } = process;
  process.emitWarning = (warning: string | Error, ...about: unknown[]) => {
    if (!String(warning).startsWith('SQLite is an experimental feature'))
      Reflect.apply(emitWarning, process, [warning, ...about]);
  };
  try {
    return process.getBuiltinModule('node:sqlite');
  } finally {
    process.emitWarning = emitWarning;
  }
}

function isSqlite(module: unknown): module is Sqlite {
  return typeof module === 'object' && module !== null && 'DatabaseSync' in module;
}
