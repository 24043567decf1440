import type { AnyCatalog } from '../../shared/catalog.ts';
import { formatCursor, type Position, parseCursor } from '../../shared/cursor.ts';
import { EventsError } from '../../shared/errors.ts';
import type { EventName, EventOf } from '../../shared/events.ts';
import { DEFAULT_PAGE, type HistoryOptions, type HistoryPage, MAX_PAGE } from '../../shared/history.ts';
import type { Since } from '../../shared/since.ts';
import type { StreamGap } from '../../shared/stream-items.ts';
import type { Bounds } from '../broker/broker.ts';
import type { Selector } from './selector.ts';
import { gapRecord, isNoticeType, itemOf, type StreamRecord } from './stream-record.ts';
import type { TopicLog } from './topic-log.ts';

/** Records asked of the log at a time while looking for those that match. */
const SCAN_RECORDS = 512;
/** Backwards the first look is a short one: most often what is wanted is right there. */
const FIRST_SCAN_RECORDS = 64;

/** Characters of JSON with which a page ends: an answer is held in memory until its socket has taken it. */
const PAGE_CHARS = 1024 * 1024;

/** Records of a page, gaps in their places, oldest first. */
interface RecordPage {
  readonly records: readonly StreamRecord[];
  /** The page before this one ends here. */
  readonly start: Position;
  /** The page after this one starts here. */
  readonly end: Position;
  /** Whether the log had nothing more in the direction of reading. */
  readonly exhausted: boolean;
}

/** A page of the past, decoded. @throws EventsError INVALID_CURSOR, INVALID_OPTION, UNAVAILABLE */
export async function readHistory<N extends EventName<C>, C extends AnyCatalog>(
  log: TopicLog,
  selector: Selector,
  { since, before, limit = DEFAULT_PAGE }: Pick<HistoryOptions<N, C>, 'since' | 'before' | 'limit'>,
): Promise<HistoryPage<N, C>> {
  if (since !== undefined && before !== undefined) {
    throw new EventsError('INVALID_OPTION', 'history: pass since or before, not both');
  }
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_PAGE) {
    throw new EventsError('INVALID_OPTION', `history: limit must be 1–${MAX_PAGE}`);
  }
  const bounds = await log.bounds();
  const forward = since !== undefined && !(typeof since === 'object' && 'last' in since);
  const page = forward
    ? await pageAfter(
        log,
        typeof since === 'string' ? parseCursor(since) : await log.seek(since.at),
        selector,
        limit,
      )
    : await pageBefore(
        log,
        bounds,
        before === undefined ? null : parseCursor(before),
        selector,
        lastOf(since) ?? limit,
      );
  return {
    items: page.records
      .filter(({ type }) => !isNoticeType(type))
      // The selector let nothing else through than events N.
      .map((record) => ({ cursor: record.cursor, event: itemOf<C>(record) as EventOf<N, C> })),
    gaps: page.records
      .filter(({ type }) => type === 'stream_gap')
      .map((record) => (itemOf<C>(record) as StreamGap).data),
    next: formatCursor(page.end),
    previous: page.start.seq < bounds.first ? null : formatCursor({ ...page.start, seq: page.start.seq + 1 }),
    atEnd: forward ? page.exhausted : before === undefined,
  };
}

/** Where the last `limit` matching records begin; the log's end if there are none. */
export async function startOfLast(log: TopicLog, selector: Selector, limit: number): Promise<Position> {
  const page = await pageBefore(log, await log.bounds(), null, selector, limit, Number.POSITIVE_INFINITY);
  return page.records.length > 0 ? page.start : page.end;
}

async function pageAfter(
  log: TopicLog,
  after: Position,
  selector: Selector,
  limit: number,
): Promise<RecordPage> {
  const records: StreamRecord[] = [];
  let events = 0;
  let chars = 0;
  let end = after;
  for (;;) {
    const chunk = await log.read(end, SCAN_RECORDS);
    if (chunk.gap) {
      records.push(gapRecord(chunk.gap));
      end = chunk.gap.to;
    }
    for (const record of chunk.records) {
      if (selector.matches(record)) {
        if (events === limit || chars >= PAGE_CHARS) return { records, start: after, end, exhausted: false };
        records.push(record);
        chars += record.json.length;
        if (!isNoticeType(record.type)) events++;
      }
      end = record;
    }
    if (chunk.records.length === 0 && !chunk.gap) return { records, start: after, end, exhausted: true };
  }
}

async function pageBefore(
  log: TopicLog,
  bounds: Bounds,
  before: Position | null,
  selector: Selector,
  limit: number,
  maxChars = PAGE_CHARS,
): Promise<RecordPage> {
  const { epoch, first, last } = bounds;
  const end = { epoch, seq: last };
  if (before) end.seq = before.epoch === epoch ? Math.min(before.seq - 1, last) : first - 1;
  let records: StreamRecord[] = [];
  let start: Position = end;
  let isFull = false;
  for (
    let scan = FIRST_SCAN_RECORDS;
    start.seq >= first && !isFull;
    scan = Math.min(scan * 2, SCAN_RECORDS)
  ) {
    const after = { epoch, seq: Math.max(first - 1, start.seq - scan) };
    const range = await readRange(log, after, start.seq);
    records = [...range.records.filter((record) => selector.matches(record)), ...records];
    // Trimmed while reading: what is left of the page is its beginning.
    if (range.trimmedTo) return { records, start: range.trimmedTo, end, exhausted: true };
    start = after;
    const fitting = lastFitting(records, limit, maxChars);
    isFull = fitting < records.length || records.length === limit;
    records = records.slice(-fitting);
  }
  const oldest = records[0];
  if (isFull && oldest) start = { epoch, seq: oldest.seq - 1 };
  return { records, start, end, exhausted: start.seq < first };
}

/** How many of the last records a page takes: one at least. */
function lastFitting(records: readonly StreamRecord[], limit: number, maxChars: number): number {
  let chars = 0;
  let count = 0;
  for (let at = records.length - 1; at >= 0 && count < limit && chars < maxChars; at--, count++)
    chars += records[at]?.json.length ?? 0;
  return count;
}

/** All records after a position up to `last`, holes announced in their places; what was trimmed cuts the beginning off. */
async function readRange(
  log: TopicLog,
  after: Position,
  last: number,
): Promise<{ records: StreamRecord[]; trimmedTo: Position | null }> {
  const records: StreamRecord[] = [];
  let trimmedTo: Position | null = null;
  for (let end = after; end.epoch === after.epoch && end.seq < last; ) {
    const chunk = await log.read(end, last - end.seq);
    if (chunk.gap) {
      records.push(gapRecord(chunk.gap));
      end = chunk.gap.to;
      if (chunk.gap.reason !== 'dropped') trimmedTo = end;
    }
    if (end.epoch !== after.epoch || (!chunk.gap && chunk.records.length === 0)) break;
    records.push(...chunk.records);
    end = chunk.records.at(-1) ?? end;
  }
  return { records, trimmedTo };
}

function lastOf(since: Since | undefined): number | undefined {
  return typeof since === 'object' && 'last' in since ? Math.min(since.last, MAX_PAGE) : undefined;
}
