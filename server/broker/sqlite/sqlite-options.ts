import { checkOptions } from '../../../shared/options/known-options.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { RETENTION_OPTIONS, type Retention, requireCounts } from '../retention/retention.ts';
import { DURABILITIES, type Durability } from './file/open-file.ts';

/** Options of a `SqliteBroker`: the file, its durability, and retention. */
export interface SqliteBrokerOptions extends Retention {
  /**
   * The file. It is created if there is none; its directory must exist. The `-wal`, `-mark` and `-count` files beside it
   * belong to it. One process at a time can have it open. A file that may have lost its last records (a copy, a backup that
   * was put back) begins a new epoch, so that no old position is taken for a new one. trust.ts lists what is noticed, and
   * what cannot be.
   */
  path: string;
  /**
   * Point at which a publish resolves, and its records are shown to subscribers. Default `commit`.
   *
   * - `commit`: once the disk has the records. Neither the end of the process (SIGKILL) nor of the machine (power loss)
   *   loses any, provided that the disk stores what it reports as stored. All publishes of one turn of the event loop share
   *   one wait for the disk.
   * - `relaxed`: once the operating system has the records. The end of the process loses none. The end of the machine may
   *   lose the last ones, up to about 4 MB; the log then begins a new epoch, so that every subscriber is told [D4].
   */
  durability?: Durability;
  /**
   * Bytes that the file may grow to; the `-wal` file takes about 4 MB more. Beyond it, as with a full disk, publishes are
   * refused with UNAVAILABLE until retention has made room; reads go on. Default: no limit.
   */
  maxFileBytes?: number;
  /** The clock, Unix ms. Default `Date.now`. */
  now?: () => number;
  /** Default: logs nothing. */
  logger?: Logger;
}

/** @throws TypeError when `path` names no file, or an option is none or has a value that it cannot have */
export function checkSqliteOptions(options: SqliteBrokerOptions): void {
  checkOptions<SqliteBrokerOptions>('SqliteBroker.open', options, {
    path: 1,
    durability: 1,
    maxFileBytes: 1,
    now: 1,
    logger: 1,
    ...RETENTION_OPTIONS,
  });
  const { path, durability = 'commit', maxFileBytes = Number.POSITIVE_INFINITY } = options;
  if (typeof path !== 'string' || path === '' || path === ':memory:')
    throw new TypeError('SqliteBroker: path must name a file; for a log in memory use MemoryBroker');
  if (!DURABILITIES.includes(durability)) {
    const known = DURABILITIES.map((each) => `'${each}'`).join(' or ');
    throw new TypeError(`SqliteBroker: durability must be ${known}, not ${JSON.stringify(durability)}`);
  }
  if (maxFileBytes !== Number.POSITIVE_INFINITY) requireCounts('SqliteBroker', { maxFileBytes });
}
