import type { Position } from '../../../shared/cursor.ts';
import type { Bounds } from '../../broker/broker.ts';
import { gapUpTo, newestPosition } from '../../broker/gaps.ts';
import type { Selector } from '../records/selector.ts';
import { gapRecord, recordUpTo, type StreamRecord } from '../records/stream-record.ts';
import type { ReadSteps } from './steps.ts';
import type { TopicReader } from './topic-reader.ts';

/** Records of a range. Most often what is wanted is right there, so the first range is a short one. */
const FIRST_RANGE = 64;
const MAX_RANGE = 512;
/** Characters of JSON that a range should have: with large records it has few. */
const RANGE_CHARS = 256 * 1024;

/** Receiver of a backward read: ranges come newest first; within a range the oldest record comes first. */
export interface BackwardReader {
  /** A record of the range, or a gap in its place. */
  record(record: StreamRecord): void;
  /** All of the range was told. @returns whether that is enough */
  rangeRead(records: number, chars: number): boolean;
  /** A record was met that must wait: the log ends here, and nothing counts that was told before [V4]. */
  cut(end: Position): void;
}

/**
 * Reads a log backward from a position, range by range, each in steps.
 * @returns where it stopped: before that position nothing was read
 */
export async function readBackward(
  log: TopicReader,
  { epoch, first }: Bounds,
  end: Position,
  steps: ReadSteps,
  reader: BackwardReader,
): Promise<Position> {
  let start = end;
  let size = FIRST_RANGE;
  for (let isEnough = false; start.seq >= first && !isEnough; ) {
    const after = { epoch, seq: Math.max(first - 1, start.seq - size) };
    const range = await readRange(log, after, start.seq, steps, reader);
    if (range.heldAt) {
      start = range.heldAt;
      reader.cut(start);
      continue;
    }
    isEnough = reader.rangeRead(range.records, range.chars);
    // Trimmed while reading: what is left is the beginning.
    if (range.trimmedTo) return range.trimmedTo;
    const fitting = Math.floor((RANGE_CHARS * range.records) / Math.max(1, range.chars));
    // Most of a range may be holes.
    const numbers = Math.ceil((start.seq - after.seq) / Math.max(1, range.records));
    start = after;
    size = Math.max(1, Math.min(size * 2, Math.min(fitting, MAX_RANGE) * numbers));
  }
  return start;
}

/** Finds the start of the last `limit` matching records; the log's end if there are none. It keeps their numbers only. */
export async function startOfLast(
  log: TopicReader,
  selector: Selector,
  limit: number,
  steps: ReadSteps,
): Promise<Position> {
  const bounds = await steps.read(() => log.bounds());
  let end = newestPosition(bounds);
  let found = 0;
  let inRange: Position[] = [];
  let oldest: Position | undefined;
  const start = await readBackward(log, bounds, end, steps, {
    record(record) {
      const { epoch, seq, after, erased, erases } = record;
      const isEvent = after === undefined && !erased && !erases;
      if (isEvent && selector.matches(record)) inRange.push({ epoch, seq });
    },
    rangeRead() {
      const wanted = Math.min(inRange.length, limit - found);
      found += wanted;
      oldest = inRange.at(-wanted || inRange.length) ?? oldest;
      inRange = [];
      return found === limit;
    },
    cut(position) {
      end = position;
      found = 0;
      inRange = [];
      oldest = undefined;
    },
  });
  if (oldest === undefined) return end;
  return found === limit ? { epoch: oldest.epoch, seq: oldest.seq - 1 } : start;
}

/** Tells all records after a position up to `last`, holes in their places; what was trimmed cuts the beginning off. */
async function readRange(
  log: TopicReader,
  after: Position,
  last: number,
  steps: ReadSteps,
  reader: BackwardReader,
): Promise<{ records: number; chars: number; trimmedTo: Position | null; heldAt: Position | null }> {
  let records = 0;
  let chars = 0;
  let trimmedTo: Position | null = null;
  for (let end = after; end.epoch === after.epoch && end.seq < last; ) {
    const { epoch, seq } = end;
    const chunk = await steps.read((most, time) =>
      log.read({ epoch, seq }, Math.min(most, last - seq), time),
    );
    if (chunk.gap) {
      // A range may begin or end within a hole.
      const gap = chunk.gap.reason === 'dropped' ? gapUpTo(chunk.gap, last) : chunk.gap;
      reader.record(gapRecord(gap));
      end = gap.to;
      if (gap.reason !== 'dropped') trimmedTo = end;
    }
    if (end.epoch !== after.epoch) break;
    if (!chunk.gap && chunk.records.length === 0)
      return { records, chars, trimmedTo, heldAt: chunk.isHeld ? end : null };
    for (const record of steps.within(chunk)) {
      end = record;
      const part = recordUpTo(record, last);
      if (!part) break;
      reader.record(part);
      records++;
      chars += part.json.length;
    }
  }
  return { records, chars, trimmedTo, heldAt: null };
}
