import * as z from 'zod';
import { wholeNumber } from '../../shared/data/bounded-schemas.ts';
import { messageOf } from '../../shared/errors.ts';
import { completeRetention, DEFAULT_RETENTION, type Retention } from '../broker/retention/retention.ts';
import type { TypeRetention } from '../broker/retention/type-rules.ts';

/** Part of a server's configuration: how much of the log is kept. */
export interface RetentionConfig {
  /**
   * Limits of single types of events, so that chatty ones do not push out those that matter:
   * `{ agent_message: '30 days', system_status: { records: 100 } }`; as a variable: JSON. Default none.
   */
  readonly retention: Readonly<Record<string, TypeRetention>>;
  /** Records kept per topic, of types without a limit of their own. Default 10 000. */
  readonly retentionMaxRecords: number;
  /** Age in ms up to which records of such types are kept. Default 24 h. */
  readonly retentionMaxAgeMs: number;
  /** Bytes of JSON kept per topic. Default 64 MiB. */
  readonly retentionMaxBytes: number;
  /**
   * Bytes that all topics together may take in memory or in a file; beyond it the oldest records go of those that take the
   * most. Default null: 256 MiB in memory, 16 GiB in a file. In Redis set `maxmemory`.
   */
  readonly retentionMaxTotalBytes: number | null;
}

// Each message is what comes after "<name> must be".
export const retentionShape = {
  retention: z
    .union([z.record(z.string(), z.unknown()), z.string().transform(parsedJson)])
    .refine((value) => faultOf(value) === null, {
      error: ({ input }) =>
        `limits by type, as JSON: {"agent_message": "30 days", "system_status": {"records": 100, "age": "1 h"}}${faultOf(input)}`,
    })
    .transform((value) => value as Readonly<Record<string, TypeRetention>>) // it has no fault
    .default({}),
  retentionMaxRecords: wholeNumber(1, 10_000_000).default(DEFAULT_RETENTION.maxRecords),
  retentionMaxAgeMs: wholeNumber(1, Number.MAX_SAFE_INTEGER).default(DEFAULT_RETENTION.maxAgeMs),
  retentionMaxBytes: wholeNumber(1, Number.MAX_SAFE_INTEGER).default(DEFAULT_RETENTION.maxBytes),
  retentionMaxTotalBytes: wholeNumber(1, Number.MAX_SAFE_INTEGER).nullable().default(null),
};

/** Retention of each topic, and of all together. */
export function retentionOf(config: RetentionConfig): Retention {
  const {
    retention,
    retentionMaxRecords: maxRecords,
    retentionMaxAgeMs: maxAgeMs,
    retentionMaxBytes: maxBytes,
    retentionMaxTotalBytes: maxTotalBytes,
  } = config;
  return { retention, maxRecords, maxAgeMs, maxBytes, maxTotalBytes: maxTotalBytes ?? undefined };
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** The end of the line about limits by type: the one that is wrong, where that can be told. Null if all are right. */
function faultOf(value: unknown): string | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return '';
  try {
    completeRetention('RETENTION', { retention: { ...value } });
    return null;
  } catch (error) {
    return /; that of .*$/s.exec(messageOf(error))?.[0] ?? '';
  }
}
