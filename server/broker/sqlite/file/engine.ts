import { EventsError, messageOf } from '../../../../shared/errors.ts';
import { LogUnavailable } from '../../broker.ts';

/** A value that SQLite stores. */
type Value = string | number | bigint | null;

/** The part of `node:sqlite`'s database that is used. Its own types would be needed by everybody who compiles against this package. */
export interface Database {
  exec(sql: string): void;
  prepare(sql: string): Statement;
  close(): void;
}

/** A prepared statement. The caller says which type its rows have. */
export interface Statement {
  run(...values: Value[]): { lastInsertRowid: number | bigint };
  get<Row>(...values: Value[]): Row | undefined;
  all<Row>(...values: Value[]): Row[];
  iterate<Row>(...values: Value[]): Iterator<Row>;
}

interface Sqlite {
  readonly DatabaseSync: new (path: string, options?: { readOnly?: boolean }) => Database;
}

type ImportSqlite = () => Promise<Sqlite>;

/**
 * Loads SQLite: Node's own from 22.13 on, else the package that has the same interface for Node 20.
 * @param own gives Node's own module, if there is one
 * @param importPackage imports the package
 * @throws EventsError UNAVAILABLE when there is neither; the message says what to install
 */
export async function loadSqlite(
  own: () => unknown = ownSqlite,
  importPackage?: ImportSqlite,
): Promise<Sqlite> {
  const module = own();
  if (isSqlite(module)) return module;
  try {
    if (importPackage) return await importPackage();
    // A literal name, awaited within the try: a bundler then accepts that the package may be missing.
    return await import('@photostructure/sqlite');
  } catch (cause) {
    throw new EventsError(
      'UNAVAILABLE',
      'Events cannot be kept on disk: this Node has no SQLite. Run Node 22.13 or newer, or: npm install @photostructure/sqlite@1',
      { cause },
    );
  }
}

/**
 * Loads `node:sqlite` without its warning that it is experimental, which Node 22 and 23 print once: operators can do nothing
 * about it. The parts used here are the same in all versions, and the tests run on them.
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

/** Failures that have a remedy, by SQLite's result code. */
const REMEDIES: Readonly<Record<number, string>> = {
  5: 'another process has it open; stop that one, or name another file: a log belongs to one process at a time',
  8: 'it cannot be written to; give this process the right to write to the file and its directory',
  10: 'the disk failed, or is full; free space and try again',
  11: 'it is damaged; move it away, or recover its records with: sqlite3 <file> .recover',
  13: 'the disk is full, or the file has reached `maxFileBytes`; free space and publishing goes on',
  14: 'it cannot be opened; its directory must exist, and both must be writable',
  26: 'it is not a log of events; name another file',
};

/** Makes an UNAVAILABLE of a failure of the file; its message has the remedy, if there is one. */
export function unavailable(path: string, cause: unknown): EventsError {
  if (cause instanceof EventsError) return cause;
  const remedy = cause instanceof Error && 'errcode' in cause ? REMEDIES[Number(cause.errcode) & 0xff] : null;
  return new LogUnavailable(`${path}: ${remedy ?? messageOf(cause)}.`, cause);
}

/** The error for a log whose content is wrong. */
export function damaged(path: string, what: string): EventsError {
  return new LogUnavailable(`${path}: ${REMEDIES[11]}. Found: ${what}.`);
}
