import type { AnyCatalog } from '../../shared/catalog.ts';
import type { Broker, KeptSchema } from '../broker/broker.ts';
import { StoredLog } from '../broker/sqlite/topics/stored-log.ts';
import { RecordChecks } from '../event-manager/records/record-checks.ts';
import { firstKept, schemasOf } from '../event-manager/records/schema-comparison.ts';
import { silentLogger } from '../telemetry/logger.ts';
import { BrokersLog, type WholeLog } from './brokers-log.ts';

/** One version of an event in a log. */
export interface CheckedVersion {
  readonly type: string;
  readonly version: number;
  /** Records that the log holds of it. */
  readonly records: number;
  /** Number of those that a catalog cannot read. */
  readonly unreadable: number;
  /** The reason for the first of these; null if there is none. */
  readonly reason: string | null;
  /** Topic and number of the first of these: `run-1:7`. */
  readonly at: string | null;
  /** Its cursor, by which it can be erased; null if there is none, and in a file, where epochs are not read. */
  readonly cursor: string | null;
}

/** A log, compared with a catalog. */
export interface LogCheck {
  /** The schemas that are kept beside it, the oldest first. */
  readonly schemas: readonly KeptSchema[];
  readonly versions: readonly CheckedVersion[];
}

/**
 * Opens a log to look through it: a broker's, or a file as it lies, in which nothing is changed.
 * @throws EventsError UNAVAILABLE when the file cannot be read
 */
export async function openWholeLog(log: Broker | { path: string }): Promise<WholeLog> {
  return 'path' in log ? StoredLog.open(log.path) : new BrokersLog(log);
}

/**
 * Reads a log, and validates every record as it would be before it is delivered. Nothing is written.
 * @param onRecords told how many records more are done
 * @throws EventsError UNAVAILABLE when the log cannot be reached
 */
export async function checkLog(
  log: WholeLog,
  catalog: AnyCatalog,
  onRecords: (count: number) => void = () => {},
): Promise<LogCheck> {
  const schemas = await log.schemas();
  const first = firstKept([...schemas, ...schemasOf(catalog)]);
  const checks = new RecordChecks(
    catalog,
    silentLogger,
    (type, version, fingerprint) => first.get(`${type} ${version}`) === fingerprint,
  );
  const found = new Map<string, { -readonly [K in keyof CheckedVersion]: CheckedVersion[K] }>();
  for await (const { topic, records } of log.records()) {
    for (const record of records) {
      const { type, version = 1, seq, epoch, cursor } = record;
      if (type.includes('.')) continue; // the server's own
      const name = `${type} ${version}`;
      const counts = found.get(name) ?? {
        type,
        version,
        records: 0,
        unreadable: 0,
        reason: null,
        at: null,
        cursor: null,
      };
      found.set(name, counts);
      counts.records++;
      const reason = checks.reasonAgainst(record);
      if (reason === null) continue;
      counts.unreadable++;
      counts.reason ??= reason;
      if (counts.at === null && epoch !== '') counts.cursor = cursor;
      counts.at ??= `${topic}:${seq}`;
    }
    onRecords(records.length);
  }
  return { schemas, versions: [...found.values()] };
}
