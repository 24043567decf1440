import type { StreamRecord } from './stream-record.ts';

/** Records handed out at once: enough to join frames, few enough that a slow reader is noticed soon [D9]. */
const BATCH_RECORDS = 256;
const BATCH_CHARS = 256 * 1024;

/** Records in parts, in order; each holds one at least, and ends with the one that makes it large enough. */
export function* inBatches(records: readonly StreamRecord[]): Generator<readonly StreamRecord[]> {
  let start = 0;
  let chars = 0;
  for (const [index, { json }] of records.entries()) {
    chars += json.length;
    const end = index + 1;
    if (end - start < BATCH_RECORDS && chars < BATCH_CHARS && end < records.length) continue;
    yield start === 0 && end === records.length ? records : records.slice(start, end);
    start = end;
    chars = 0;
  }
}
