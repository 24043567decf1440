import type { AnyCatalog } from '../../../../shared/catalog.ts';
import { formatCursor, type Position, parseCursor } from '../../../../shared/cursor.ts';
import { EventsError } from '../../../../shared/errors.ts';
import type { EventName, EventOf } from '../../../../shared/events.ts';
import type { HistoryOptions } from '../../../../shared/options/read-options.ts';
import { DEFAULT_PAGE, type HistoryPage, MAX_PAGE, type StreamGap } from '../../../../shared/stream-items.ts';
import type { Bounds } from '../../../broker/broker.ts';
import { cursorBefore, newestPosition, positionBefore } from '../../../broker/gaps.ts';
import { UNSENT_BYTES } from '../../reading/asker.ts';
import { readBackward } from '../../reading/read-backward.ts';
import type { ReadSteps } from '../../reading/steps.ts';
import type { TopicReader } from '../../reading/topic-reader.ts';
import { addItem } from '../../records/erasure.ts';
import { newerAhead } from '../../records/newer-versions.ts';
import type { Selector } from '../../records/selector.ts';
import {
  decodeRecord,
  gapRecord,
  isNoticeType,
  itemOf,
  type StreamRecord,
} from '../../records/stream-record.ts';
import { type FeedStart, startAfter } from '../feed-start.ts';
import { checkRange } from './check-range.ts';
import { PagePast } from './page-past.ts';

/** Limit on the records read for one page: there it ends, with what was found. The next page goes on. */
const SCAN_RECORDS = 10_000;
const SCAN_CHARS = 8 * 1024 * 1024;

/** Characters of JSON with which a page ends: an answer is held in memory until its socket has taken it. */
const PAGE_CHARS = UNSENT_BYTES;

/** Records of a page, gaps in their places, oldest first. */
interface RecordPage {
  readonly records: readonly StreamRecord[];
  /** The page before this one ends here. */
  readonly start: Position;
  /** The page after this one starts here. */
  readonly end: Position;
  /** True if the log had nothing more in the direction of reading. */
  readonly exhausted: boolean;
}

/** A page of the past, decoded. @throws EventsError INVALID_CURSOR, INVALID_OPTION, UNAVAILABLE */
export async function readHistory<N extends EventName<C>, C extends AnyCatalog>(
  log: TopicReader,
  selector: Selector,
  {
    since,
    before,
    limit = DEFAULT_PAGE,
    openings = false,
  }: Pick<HistoryOptions<N, C>, 'since' | 'before' | 'limit' | 'openings'>,
  steps: ReadSteps,
): Promise<{ page: HistoryPage<N, C>; chars: number }> {
  if (since !== undefined && before !== undefined) {
    throw new EventsError('INVALID_OPTION', 'history: pass since or before, not both');
  }
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_PAGE) {
    throw new EventsError('INVALID_OPTION', `history: limit must be 1–${MAX_PAGE}`);
  }
  checkRange('history', { since });
  const cursor = before === undefined ? null : parseCursor(before);
  const bounds = await steps.read(() => log.bounds());
  if (cursor && log.isHeldBefore({ ...cursor, seq: cursor.seq - 1 }, bounds)) throw newerAhead();
  const isLast = typeof since === 'object' && 'last' in since;
  const forward = since !== undefined && !isLast;
  const past = new PagePast(log, selector, openings);
  const readPage = async (): Promise<RecordPage> =>
    forward
      ? pageAfter(log, await startAfter(log, selector, since, steps), past, limit, steps)
      : pageBefore(
          log,
          bounds,
          cursor ? positionBefore(cursor, bounds) : newestPosition(bounds),
          past,
          isLast ? Math.min(since.last, MAX_PAGE) : limit,
          steps,
          cursor !== null,
        );
  let read = await readPage();
  while (await past.look(steps)) read = await readPage();
  const { start, end, exhausted } = read;
  const records = past.finished(read.records);
  const previous = cursorBefore(start, bounds);
  const atEnd = forward ? exhausted : before === undefined;
  const page: HistoryPage<N, C> = {
    items: records
      .filter(({ type }) => !isNoticeType(type))
      // The selector let nothing else through than events N.
      .map((record) => ({ cursor: record.cursor, event: itemOf<C>(record) as EventOf<N, C> })),
    gaps: joined(records)
      .filter(({ type }) => type === 'stream_gap')
      .map((record) => (itemOf<C>(record) as StreamGap).data),
    next: formatCursor(end),
    previous: previous && formatCursor(previous),
    atEnd,
    ...(atEnd && log.isHeldBefore({ ...end, seq: end.seq + 1 }, bounds) && { held: true }),
  };
  return { page, chars: charsOf(records) };
}

/** Records of a page as a subscription would have them. */
function joined(records: readonly StreamRecord[]): StreamRecord[] {
  const items: StreamRecord[] = [];
  for (const record of records) addItem(items, record);
  return items;
}

async function pageAfter(
  log: TopicReader,
  { position: after, gap }: FeedStart,
  past: PagePast,
  limit: number,
  steps: ReadSteps,
): Promise<RecordPage> {
  const records: StreamRecord[] = gap ? [gap] : [];
  const scanned = new Scanned();
  let events = 0;
  let chars = 0;
  let end = after;
  for (;;) {
    const from = end;
    const chunk = await steps.read((most, time) => log.read(from, most, time));
    if (chunk.gap) {
      records.push(gapRecord(chunk.gap));
      end = chunk.gap.to;
    }
    for (const record of steps.within(chunk)) {
      const item = past.form(record);
      if (item) {
        if (events === limit || chars >= PAGE_CHARS) return { records, start: after, end, exhausted: false };
        records.push(item);
        chars += item.json.length;
        if (!isNoticeType(record.type)) events++;
      }
      end = record;
      scanned.add(1, record.json.length);
    }
    if (chunk.records.length === 0 && !chunk.gap) return { records, start: after, end, exhausted: true };
    if (scanned.isEnough) return { records, start: after, end, exhausted: false };
  }
}

/** @param isGiven true if the caller asked for that very end */
async function pageBefore(
  log: TopicReader,
  bounds: Bounds,
  from: Position,
  past: PagePast,
  limit: number,
  steps: ReadSteps,
  isGiven: boolean,
): Promise<RecordPage> {
  let end = from;
  let page = new NewestRecords(limit);
  const scanned = new Scanned();
  let start = await readBackward(log, bounds, end, steps, {
    record(record) {
      const item = past.form(record);
      if (item) page.add(item);
    },
    rangeRead(records, chars) {
      page.nextRange();
      scanned.add(records, chars);
      return page.isFull || scanned.isEnough;
    },
    cut(position) {
      if (isGiven) throw newerAhead();
      end = position;
      page = new NewestRecords(limit);
    },
  });
  if (page.isFull) start = page.start ?? start;
  return { records: page.records, start, end, exhausted: start.seq < bounds.first };
}

/** Amount read for a page. */
class Scanned {
  #records = 0;
  #chars = 0;

  add(records: number, chars: number): void {
    this.#records += records;
    this.#chars += chars;
  }

  get isEnough(): boolean {
    return this.#records >= SCAN_RECORDS || this.#chars >= SCAN_CHARS;
  }
}

function charsOf(records: readonly StreamRecord[]): number {
  return records.reduce((sum, { json }) => sum + json.length, 0);
}

/** The newest records that fit on a page, of ranges that come the newest first, each in order. One fits in any case. */
class NewestRecords {
  readonly #limit: number;
  /** Records of ranges that are complete, oldest first. */
  #records: StreamRecord[] = [];
  #range: StreamRecord[] = [];
  /** Number of both, without holes: those come on top. */
  #count = 0;
  #chars = 0;
  isFull = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get records(): readonly StreamRecord[] {
    return this.#records;
  }

  add(record: StreamRecord): void {
    this.#range.push(record);
    this.#count += countOf(record);
    this.#chars += record.json.length;
    // The oldest leave as soon as they cannot be on the page any more: no range is held that is larger than a page.
    for (let [oldest] = this.#range; oldest && this.#fitsWithout(oldest); [oldest] = this.#range) {
      this.#range.shift();
      this.#count -= countOf(oldest);
      this.#chars -= oldest.json.length;
      this.isFull = true;
    }
  }

  nextRange(): void {
    this.#records = [...this.#range, ...this.#records];
    this.#range = [];
    this.isFull ||= this.#count === this.#limit;
  }

  /** Tells if the page is full with what is newer than its oldest record. */
  #fitsWithout(oldest: StreamRecord): boolean {
    const newer = this.#count - countOf(oldest);
    return newer > 0 && (newer >= this.#limit || this.#chars - oldest.json.length >= PAGE_CHARS);
  }

  /** The position before the oldest. */
  get start(): Position | undefined {
    const [oldest] = this.#records;
    if (oldest?.type === 'stream_gap') return parseCursor((decodeRecord(oldest) as StreamGap).data.from);
    return oldest && { epoch: oldest.epoch, seq: oldest.seq - 1 };
  }
}

/** Amount of a page that a record takes: a hole that limits of types have made takes none. */
function countOf({ after }: StreamRecord): number {
  return after === undefined ? 1 : 0;
}
