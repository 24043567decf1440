import type { LogEntry } from '../../shared/log.ts';

/** How much of a topic's log is kept. Older records are trimmed when new ones arrive; a trimmed range is announced to whoever asks for it. */
export interface Retention {
  /** Records per topic. Default 10 000. */
  maxRecords?: number;
  /** Age in ms. Default 24 h. */
  maxAgeMs?: number;
  /** Bytes of the records' JSON in UTF-8, per topic; the newest record is kept in any case. Default 64 MiB. */
  maxBytes?: number;
}

export const DEFAULT_RETENTION: Required<Retention> = {
  maxRecords: 10_000,
  maxAgeMs: 24 * 60 * 60 * 1000,
  maxBytes: 64 * 1024 * 1024,
};

/** What counts against `maxBytes`. */
export function bytesOf({ json, meta }: LogEntry): number {
  return Buffer.byteLength(json) + (meta === undefined ? 0 : Buffer.byteLength(meta));
}

/** All of what a caller left out by default. @throws TypeError naming what is no whole number above 0 */
export function completeRetention(who: string, options: Retention): Required<Retention> {
  const { maxRecords, maxAgeMs, maxBytes } = { ...DEFAULT_RETENTION, ...options };
  const retention = { maxRecords, maxAgeMs, maxBytes };
  for (const [name, value] of Object.entries(retention)) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new TypeError(`${who}: ${name} must be a whole number above 0, not ${value}`);
    }
  }
  return retention;
}
