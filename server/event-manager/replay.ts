import { type TrackedEnvelope, tracked } from '@trpc/server';
import type { AnyCatalog } from '../../shared/catalog.ts';
import { type Position, parseCursor } from '../../shared/cursor.ts';
import { EventsError } from '../../shared/errors.ts';
import type { EventName } from '../../shared/events.ts';
import { type Clock, Pace } from '../../shared/pace.ts';
import { MAX_SPEED, type ReplayOptions } from '../../shared/replay.ts';
import type { StreamItem } from '../../shared/stream-items.ts';
import { startAfter } from './feed-start.ts';
import { patiently } from './patiently.ts';
import type { Selector } from './selector.ts';
import { gapRecord, isNoticeType, itemOf, type StreamRecord, syncedRecord } from './stream-record.ts';
import type { TopicLog } from './topic-log.ts';

/** Records read at a time. Few: they are held while the replay waits. */
const READ_RECORDS = 64;

type Range = Pick<ReplayOptions<string, AnyCatalog>, 'since' | 'until'>;
type Timing = Pick<ReplayOptions<string, AnyCatalog>, 'speed' | 'maxPauseMs'>;

/** @throws EventsError INVALID_OPTION, INVALID_CURSOR */
export function checkReplay({ since, until, speed = 1, maxPauseMs = 0 }: Range & Timing): void {
  if (!(speed > 0 && speed <= MAX_SPEED)) {
    throw new EventsError('INVALID_OPTION', `replay: speed must be above 0, up to ${MAX_SPEED}`);
  }
  if (!(maxPauseMs >= 0)) throw new EventsError('INVALID_OPTION', 'replay: maxPauseMs must be 0 or more');
  for (const cursor of [since, until]) if (typeof cursor === 'string') parseCursor(cursor);
}

/**
 * A part of a topic's past, each event when its time has come. What cannot be read any more is a `stream_gap` in its
 * place; the last item is a `stream_synced` [D4] [D5]. A reader that takes no more is waited for.
 */
export async function* replay<N extends EventName<C>, C extends AnyCatalog>(
  log: TopicLog,
  selector: Selector,
  { speed = 1, maxPauseMs = Number.POSITIVE_INFINITY, ...range }: ReplayOptions<N, C>,
  { clock, signal }: { clock: Clock; signal: AbortSignal | undefined },
): AsyncGenerator<TrackedEnvelope<StreamItem<N, C>>, void, undefined> {
  const pace = new Pace(clock, { speed, maxPauseMs });
  try {
    for await (const record of recordsOf(log, selector, range, signal)) {
      // The selector let nothing else through than events N and notices.
      const item = itemOf<C>(record) as StreamItem<N, C>;
      if (!isNoticeType(record.type)) await pace.until(Date.parse(item.timestamp), signal);
      yield tracked(record.cursor, item);
    }
  } catch (error) {
    if (!signal?.aborted) throw error;
  }
}

async function* recordsOf(
  log: TopicLog,
  selector: Selector,
  range: Range,
  signal: AbortSignal | undefined,
): AsyncGenerator<StreamRecord, void, undefined> {
  const end = await patiently(() => endOf(log, range), signal);
  const { position: start, gap } = await patiently(() => startOf(log, selector, range), signal);
  let position = start;
  let recovered = gap === undefined;
  if (gap) yield gap;
  while (!hasReached(position, end)) {
    const from = position;
    const chunk = await patiently(() => log.read(from, READ_RECORDS), signal);
    if (chunk.gap) {
      yield gapRecord(chunk.gap);
      position = chunk.gap.to;
      recovered = false;
    }
    if (position.epoch !== end.epoch) break; // another log, which has passed every end of this one
    for (const record of chunk.records) {
      if (hasReached(position, end)) break;
      position = record;
      if (!selector.matches(record)) continue;
      if (record.type === 'stream_gap') recovered = false;
      yield record;
    }
    if (chunk.records.length === 0 && !chunk.gap) break; // there is no more
  }
  yield syncedRecord(position, recovered);
}

async function startOf(log: TopicLog, selector: Selector, { since }: Range) {
  if (since !== undefined) return startAfter(log, selector, since);
  const { epoch, first } = await log.bounds();
  return { position: { epoch, seq: first - 1 } };
}

async function endOf(log: TopicLog, { until }: Range): Promise<Position> {
  if (typeof until === 'string') return parseCursor(until);
  if (until !== undefined) return log.seek(until.at);
  const { epoch, last } = await log.bounds();
  return { epoch, seq: last };
}

function hasReached(position: Position, end: Position): boolean {
  return position.epoch === end.epoch && position.seq >= end.seq;
}
