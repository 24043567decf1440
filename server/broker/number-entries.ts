import { formatCursor } from '../../shared/cursor.ts';
import type { LogEntry, PublishResult } from '../../shared/log.ts';
import type { LogRecord } from './broker.ts';
import type { RememberedIds } from './remembered-ids.ts';

/** The end of a log, at which entries are appended. */
interface End {
  readonly epoch: string;
  /** The `seq` of the last record. */
  readonly last: number;
  /** The time of the new records, Unix ms. */
  readonly at: number;
}

/**
 * Makes records of the entries whose ids are new, numbered on from the end of a log; an id that is known is answered with
 * the place of its record [D3].
 * @param ids takes the new ids
 */
export function numberEntries(
  entries: readonly LogEntry[],
  { epoch, last, at }: End,
  ids: RememberedIds,
): { results: PublishResult[]; records: LogRecord[] } {
  const records: LogRecord[] = [];
  const results = entries.map((entry): PublishResult => {
    const known = ids.seqOf(entry.id);
    if (known !== undefined) return { cursor: formatCursor({ epoch, seq: known }), duplicate: true };
    const position = { epoch, seq: last + 1 + records.length };
    const record = { ...entry, ...position, at, cursor: formatCursor(position) };
    records.push(record);
    ids.add(entry.id, position.seq); // not the record: an id outlives it
    return { cursor: record.cursor, duplicate: false };
  });
  return { results, records };
}
