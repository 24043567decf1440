import type { LogEntry } from '../../../shared/log.ts';
import type { NamesOf } from '../../../shared/options/known-options.ts';
import { type TypeRetention, type TypeRule, typeRules } from './type-rules.ts';

/** Limits on a topic's log. Older records are trimmed when new ones arrive. A reader that asks for a trimmed range is told of a gap. */
export interface Retention {
  /** Records per topic, of types without a limit of their own. Default 10 000. */
  maxRecords?: number;
  /** Age in ms, of types without one of their own. Default 24 h. */
  maxAgeMs?: number;
  /**
   * Limits of single types, so that chatty ones do not push out those that matter:
   * `{ agent_message: '30 days', system_status: { records: 100 } }`. All other types share `maxRecords` and `maxAgeMs`.
   * `maxBytes` and `maxTotalBytes` stay limits of all together. Default: none.
   */
  retention?: Readonly<Record<string, TypeRetention>> | undefined;
  /** Bytes of the records' JSON in UTF-8, per topic. The newest record is always kept. Default 64 MiB. */
  maxBytes?: number;
  /**
   * Bytes that all topics together may take. Beyond it the largest topics lose their oldest records: a publisher that
   * fills the log loses its own records, and small topics keep theirs.
   *
   * - In memory, default 256 MiB: counts the JSON, and 300 bytes for each record, 200 for each idempotency key and 1500
   *   for each topic. Topics without a record are evicted first, with their idempotency keys. The record just published
   *   is kept. Open events count too, and make the records give way; half of it, or 128 MiB, is the most that they take.
   * - In a file, default 16 GiB: counts the JSON of records alone. Open events take half of it, or 128 MiB, at the most.
   * - In Redis it has no effect: set `maxmemory` there.
   */
  maxTotalBytes?: number | undefined;
}

/** {@link Retention} with all its defaults filled in. */
export interface CompleteRetention {
  readonly maxRecords: number;
  readonly maxAgeMs: number;
  readonly maxBytes: number;
  readonly maxTotalBytes: number;
  /** Limits by type, one of them for all types that are not named; empty where none is named. */
  readonly rules: readonly TypeRule[];
}

/** Topics without a record whose position is remembered. Of more, the one empty for longest is forgotten. */
export const MAX_EMPTY_TOPICS = 10_000;

export const DEFAULT_RETENTION = {
  maxRecords: 10_000,
  maxAgeMs: 24 * 60 * 60 * 1000,
  maxBytes: 64 * 1024 * 1024,
};

/** Bytes of a record that count against `maxBytes`. */
export function bytesOf({ json, meta }: LogEntry): number {
  return Buffer.byteLength(json) + (meta === undefined ? 0 : Buffer.byteLength(meta));
}

/**
 * Fills in the defaults.
 * @param owner the class that has the options, for messages
 * @param totalBytes default of `maxTotalBytes`
 * @throws TypeError naming the option that is not a whole number above 0, or the type whose limit is wrong
 */
export function completeRetention(
  owner: string,
  options: Retention,
  totalBytes: number = Number.MAX_SAFE_INTEGER,
): CompleteRetention {
  const { maxRecords, maxAgeMs, maxBytes } = { ...DEFAULT_RETENTION, ...options };
  const { maxTotalBytes = totalBytes } = options;
  const general = { maxRecords, maxAgeMs, maxBytes, maxTotalBytes };
  requireCounts(owner, general);
  return { ...general, rules: typeRules(owner, options.retention, { maxRecords, maxAgeMs }) };
}

/** The names of its options. */
export const RETENTION_OPTIONS = {
  maxRecords: 1,
  maxAgeMs: 1,
  retention: 1,
  maxBytes: 1,
  maxTotalBytes: 1,
} as const satisfies NamesOf<Retention>;

/** The age in ms at which every record of a topic is gone. */
export function longestAgeMs({ maxAgeMs, rules }: CompleteRetention): number {
  return Math.max(maxAgeMs, ...rules.map((rule) => rule.maxAgeMs));
}

/** @throws TypeError naming the option that is not a whole number above 0, or is above `most` */
export function requireCounts(
  owner: string,
  options: Readonly<Record<string, number>>,
  most = Number.MAX_SAFE_INTEGER,
): void {
  for (const [name, value] of Object.entries(options)) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new TypeError(`${owner}: ${name} must be a whole number above 0, not ${value}`);
    }
    if (value > most) throw new TypeError(`${owner}: ${name} must be at most ${most}, not ${value}`);
  }
}
