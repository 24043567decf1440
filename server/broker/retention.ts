import type { LogEntry } from '../../shared/log.ts';

/** Limits on a topic's log. Older records are trimmed when new ones arrive; a trimmed range is announced to readers that ask for it. */
export interface Retention {
  /** Records per topic. Default 10 000. */
  maxRecords?: number;
  /** Age in ms. Default 24 h. */
  maxAgeMs?: number;
  /** Bytes of the records' JSON in UTF-8, per topic; the newest record is kept in any case. Default 64 MiB. */
  maxBytes?: number;
  /**
   * Bytes that all topics together may take. Beyond it the largest topics lose their oldest records: a publisher that
   * fills the log loses its own, and small topics keep theirs. In memory topics without a record go before them, with their
   * idempotency keys, and the newest record of the topic just published to is kept in any case; the JSON counts, and 300
   * bytes for each record, 200 for each idempotency key and 1500 for each topic; default 256 MiB. In a file the JSON
   * alone counts; default 16 GiB. Not used in Redis, which has `maxmemory`.
   */
  maxTotalBytes?: number | undefined;
}

/** Retention in which nothing is left out. */
export type CompleteRetention = { readonly [K in keyof Retention]-?: number };

/** Topics without a record that are remembered, so that their positions stay what they were; the one empty for longest goes first. */
export const MAX_EMPTY_TOPICS = 10_000;

export const DEFAULT_RETENTION = {
  maxRecords: 10_000,
  maxAgeMs: 24 * 60 * 60 * 1000,
  maxBytes: 64 * 1024 * 1024,
};

/** Bytes that count against `maxBytes`. */
export function bytesOf({ json, meta }: LogEntry): number {
  return Buffer.byteLength(json) + (meta === undefined ? 0 : Buffer.byteLength(meta));
}

/**
 * All of what a caller left out by default.
 * @param totalBytes the default of `maxTotalBytes`
 * @throws TypeError naming what is no whole number above 0
 */
export function completeRetention(
  who: string,
  options: Retention,
  totalBytes: number = Number.MAX_SAFE_INTEGER,
): CompleteRetention {
  const { maxRecords, maxAgeMs, maxBytes } = { ...DEFAULT_RETENTION, ...options };
  const { maxTotalBytes = totalBytes } = options;
  const retention = { maxRecords, maxAgeMs, maxBytes, maxTotalBytes };
  for (const [name, value] of Object.entries(retention)) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new TypeError(`${who}: ${name} must be a whole number above 0, not ${value}`);
    }
  }
  return retention;
}
