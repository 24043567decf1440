import { READ_CHARS } from './broker.ts';

/** The index after the last record of a page: it has `limit` records, or those that come to READ_CHARS. */
export function pageEnd(records: readonly { readonly json: string }[], start: number, limit: number): number {
  const most = Math.min(records.length, start + limit);
  let chars = 0;
  let end = start;
  while (end < most && chars < READ_CHARS) chars += records[end++]?.json.length ?? 0;
  return end;
}
